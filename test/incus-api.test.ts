import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkIncus } from '#provider/incus/check.ts';
import { type IncusAccess, openConnection } from '#provider/incus/connection.ts';
import { createIncusProvider } from '#provider/incus/incus.ts';
import { type InstanceSetting, instanceRequest } from '#provider/incus/instance.ts';
import { type KeyPair, makeAuthority, openAuthority } from '#server/pki/authority.ts';

// What stands at the other end is not Incus here, but what may stand there when things go wrong.

type Answering = Parameters<typeof createServer>[1];

const signal = AbortSignal.timeout(120_000);
const pool: InstanceSetting = { type: 'container', image: 'debian/13', network: 'br', profiles: ['default'] };
const open: Server[] = [];
let server: KeyPair;
let client: KeyPair;
let ca: string;

beforeAll(async () => {
  const authority = await openAuthority(await makeAuthority('lab', Date.now()), Date.now);
  ca = authority.certificate;
  server = await authority.forServer(['127.0.0.1'], 3_600_000);
  client = await authority.forUser('fleet', 'x');
});

afterEach(() => {
  for (const each of open.splice(0)) {
    each.closeAllConnections();
    each.close();
  }
});

const fingerprintOf = (certificate: string): string =>
  new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();

async function stand(answering: Answering, more: Partial<IncusAccess> = {}): Promise<IncusAccess> {
  const listening = createServer(
    { cert: server.certificate, key: server.key, requestCert: true, rejectUnauthorized: false },
    answering,
  );
  open.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return {
    ...{ name: 'lab', url: `https://127.0.0.1:${port}`, ...client },
    ...('ca' in more ? {} : { fingerprint: fingerprintOf(server.certificate) }),
    ...more,
  };
}

const list = (access: IncusAccess, until = signal) =>
  createIncusProvider({
    ...{ fleet: 'f', access, project: 'default', addresses: '10.0.0.0/24' },
    settingOf: () => pool,
  }).list(until);

const json =
  (status: number, body: unknown): Answering =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

describe('an Incus server', () => {
  test('is sent nothing at all when its certificate is another', async () => {
    let asked = 0;
    const access = await stand(() => (asked += 1), { fingerprint: 'ab'.repeat(32) });
    await expect(list(access)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(asked).toBe(0);
  });

  test('is believed when the authority vouches for it, and not when another one does', async () => {
    const instances = json(200, { type: 'sync', metadata: [] });
    expect(await list(await stand(instances, { ca }))).toEqual([]);
    const { certificate: other } = await makeAuthority('other', Date.now());
    await expect(list(await stand(instances, { ca: other }))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test.each([
    [
      'does not know the fleet',
      json(403, { type: 'error', error: 'not authorized', error_code: 403 }),
      'forbidden',
    ],
    [
      'says that it failed',
      json(500, { type: 'error', error: 'database is locked', error_code: 500 }),
      'command-failed',
    ],
    [
      'fails though it says 200',
      json(200, { type: 'error', error: 'no', error_code: 400 }),
      'command-failed',
    ],
    ['is another web server', ((_, response) => response.end('<html>')) satisfies Answering, 'unreachable'],
    ['breaks off', ((request) => request.socket.destroy()) satisfies Answering, 'unreachable'],
  ] as const)('that %s is told as such', async (_, answering, code) => {
    await expect(list(await stand(answering))).rejects.toMatchObject({ code });
  });

  test('that is not there is told as such', async () => {
    const access = await stand(json(200, {}));
    const [listening] = open.splice(0);
    await new Promise((resolve) => listening?.close(resolve));
    await expect(list(access)).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('that never answers is waited for no longer than was said', async () => {
    const connection = openConnection(await stand(() => {}));
    await expect(
      connection.ask({ method: 'GET', path: '/1.0', timeoutMs: 100 }, signal),
    ).rejects.toMatchObject({ code: 'timed-out' });
    connection.close();
  });

  test('that never answers is left at once when told to stop', async () => {
    const stop = new AbortController();
    const access = await stand(() => stop.abort());
    await expect(list(access, stop.signal)).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('that does not trust the fleet is a finding with what to do', async () => {
    const access = await stand(json(200, { type: 'sync', metadata: { auth: 'untrusted' } }));
    expect(
      await checkIncus({ access, project: 'default', addresses: '10.0.0.0/24' }, [pool], signal),
    ).toEqual([
      expect.objectContaining({ ok: false, fix: 'on it: incus config trust add-certificate FILE' }),
    ]);
  });

  test('whose network is another than the addresses is a finding', async () => {
    const answers: Record<string, unknown> = {
      '/1.0': { auth: 'trusted', environment: { server_version: '6.0.4' } },
      '/1.0/projects/default': {},
      '/1.0/networks/br': { managed: true, config: { 'ipv4.address': '10.9.9.1/24' } },
    };
    const access = await stand((request, response) => {
      const metadata = answers[new URL(request.url ?? '', 'https://x').pathname];
      const [status, body] =
        metadata === undefined
          ? [404, { type: 'error', error: 'not found', error_code: 404 }]
          : [200, { type: 'sync', metadata }];
      response.writeHead(Number(status)).end(JSON.stringify(body));
    });
    const found = await checkIncus({ access, project: 'default', addresses: '10.0.0.0/24' }, [pool], signal);
    expect(found.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(found[1]?.what).toContain('10.9.9.1/24');
    expect(found[2]?.what).toContain('has no image debian/13');
  });
});

test('a virtual machine is asked for with its document, and a container without', () => {
  const order = {
    name: 'v',
    address: '10.0.0.5',
    size: { cpus: 1.5, memoryBytes: 1 << 30 },
    seed: [],
    userData: '#cloud-config\n',
  };
  const vm = instanceRequest('f', order, { ...pool, type: 'vm', imageServer: 'https://images.example.org' });
  expect(vm).toMatchObject({
    type: 'virtual-machine',
    source: { alias: 'debian/13', server: 'https://images.example.org', protocol: 'simplestreams' },
    config: { 'cloud-init.user-data': '#cloud-config\n', 'limits.cpu': '2', 'limits.memory': '1073741824B' },
  });
  const { config } = instanceRequest('f', order, pool) as { config: Record<string, string> };
  expect(config).toMatchObject({ 'security.nesting': 'true', 'limits.cpu.allowance': '150ms/100ms' });
  expect(config['cloud-init.user-data']).toBeUndefined();
});
