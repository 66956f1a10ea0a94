import { expect, test } from 'vitest';
import { countersOf, listeningOf } from './firewall-state.ts';

test('counters are summed by what stands beside their rules', () => {
  const rule = (comment: string, packets: number) => ({
    rule: { comment, expr: [{ match: {} }, { counter: { packets, bytes: packets * 60 } }, { accept: null }] },
  });
  const text = JSON.stringify({
    nftables: [
      { metainfo: {} },
      rule('web.inbound.0', 1),
      rule('web.inbound.0', 2),
      { rule: { comment: 'x' } },
    ],
  });
  expect(countersOf(text)).toEqual([{ comment: 'web.inbound.0', packets: 3, bytes: 180 }]);
});

test('what listens at any address or at one of the machine’s is told, what is connected is not', () => {
  const text = `  sl  local_address rem_address   st tx_queue
   0: 00000000:0016 00000000:0000 0A 00000000:00000000
   1: 0100540A:1388 00000000:0000 0A 00000000:00000000
   2: 0100007F:0035 00000000:0000 0A 00000000:00000000
   3: 0100540A:9C40 FE00540A:1E22 01 00000000:00000000
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
`;
  expect(listeningOf(text, ['10.84.0.1'])).toEqual([22, 80, 5000]);
});
