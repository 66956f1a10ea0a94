import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { readListeners, socketsIn } from './listeners.ts';

const line = (local: string, remote: string, state: string): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0`;
const none = '0'.repeat(32);

test('what waits for other computers is told with its address', () => {
  const lines = [
    line('00000000:1F90', '00000000:0000', '0A'),
    line('0100007F:1F91', '00000000:0000', '0A'),
    line('0200025A:1F92', '0100025A:C000', '01'),
    line('0A00025A:1F93', '00000000:0000', '0A'),
    line(`${none}:0050`, `${none}:0000`, '0A'),
    line('0000000000000000FFFF00000200025A:0051', `${none}:0000`, '0A'),
    line('00000000000000000000000001000000:0052', `${none}:0000`, '0A'),
    line('B80D0120000000000000000001000000:0053', `${none}:0000`, '0A'),
    'nonsense',
  ];
  expect(socketsIn(lines.join('\n'), 'tcp').map(({ address, port }) => `${address} ${port}`)).toEqual([
    '0.0.0.0 8080',
    '90.2.0.10 8083',
    ':: 80',
    '90.2.0.2 81',
    '2001:db8:0:0:0:0:0:1 83',
  ]);
});

test('a socket of this very process is found by its name and number', async () => {
  const tcp = createServer();
  const udp = createSocket('udp4');
  await once(tcp.listen(0, '0.0.0.0'), 'listening');
  await new Promise<void>((resolve) => udp.bind(0, '0.0.0.0', resolve));
  const address = tcp.address();
  const ports = [
    { protocol: 'tcp', port: typeof address === 'object' ? (address?.port ?? 0) : 0 },
    { protocol: 'udp', port: udp.address().port },
  ] as const;
  const found = await readListeners(ports);
  tcp.close();
  udp.close();
  for (const one of ports) {
    expect(found).toContainEqual(expect.objectContaining({ ...one, address: '0.0.0.0', pid: process.pid }));
  }
  expect(await readListeners([])).toEqual([]);
});
