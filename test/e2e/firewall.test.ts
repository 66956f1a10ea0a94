import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exec } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { FirewallView } from '#wire/firewall-views.ts';
import { eventually } from './support/ask.ts';

const signal = AbortSignal.timeout(10 * 60_000);
const [one, two, outside] = ['10.84.0.1', '10.84.0.2', '10.84.0.254'];
let fleet: LocalFleet;

/** `open`, or the code of the error with which a connection from this computer ends. */
async function knock(host: string, port: number): Promise<string> {
  await guardLink(host);
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 10_000 });
    const end = (word: string) => {
      socket.destroy();
      resolve(word);
    };
    socket.on('connect', () => end('open'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on('timeout', () => end('silence'));
  });
}

async function inside(machine: string, script: string): Promise<string> {
  const argv = await fleet.provider.inside(machine, signal);
  const { stdout, stderr } = await exec([...argv, 'sh', '-c', script], { signal, timeoutMs: 60_000 });
  return (stdout + stderr).trim();
}

async function write(groups: string, name = 'fleet.yaml'): Promise<string> {
  const path = join(fleet.options.home, name);
  const text = `fleet: fw
machines:
  app: { provider: local, count: 2 }
network: { machines: 10.84.0.0/24 }
security_groups:
${groups}`;
  await writeFile(path, text);
  return path;
}

async function deploy(groups: string): Promise<void> {
  const { code, stderr } = await fleet.ballast(['deploy', '-f', await write(groups)], { signal });
  expect(code, stderr).toBe(0);
}

const packets = async (comment: string): Promise<number> => {
  const listed = await inside('app-1', 'nft list table inet ballast_host');
  return [...listed.matchAll(new RegExp(`packets (\\d+) bytes \\d+ .*comment "${comment}"`, 'g'))]
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
};

const groups = `  office: { cidrs: [${outside}] }
  web:
    machines: [app-1]
    inbound:
      - { from: office, ports: [9001] }
      - { from: machines, ports: [9002-9003] }
`;

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'fw', home: join(data, 'fw'), cache, executable, ownConfig: true },
    ...{ network: '10.84.0.0/24', machines: 2, port: 7714 },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  await fleet.provider.prepare(() => {}, signal);
  await fleet.startServer(signal);
  const { code, stderr } = await fleet.ballast(['deploy', '-f', fleet.fleetFile], { signal });
  expect(code, stderr).toBe(0);
  const listeners = [9001, 9002]
    .map((port) => `systemd-run --quiet --unit listen-${port} busybox httpd -f -p ${port}`)
    .join(' && ');
  for (const machine of ['app-1', 'app-2']) expect(await inside(machine, listeners)).toBe('');
}, 300_000);

afterAll(async () => {
  await fleet?.down();
}, 120_000);

test('without groups ssh answers, and all else is refused at once', async () => {
  await eventually(signal, async () =>
    (await inside('app-1', 'busybox wget -qO- localhost:9001 2>&1')).includes('404'),
  );
  expect(await knock(one, 22)).toBe('open');
  expect(await knock(one, 9001)).toBe('ECONNREFUSED');
  expect(await packets('refused')).toBeGreaterThan(0);
});

test('groups let in whom they name, where they say so, and count it', async () => {
  await deploy(groups);
  expect(await knock(one, 9001)).toBe('open');
  expect(await knock(two, 9001)).toBe('ECONNREFUSED');
  expect(await knock(one, 9002)).toBe('ECONNREFUSED');
  const fromTwo = (port: number) => inside('app-2', `busybox wget -T 5 -qO- ${one}:${port} 2>&1`);
  expect(await fromTwo(9002)).toContain('404');
  expect(await fromTwo(9001)).toContain('refused');
  expect(await packets('web.inbound.0')).toBeGreaterThan(0);
  expect(await packets('web.inbound.1')).toBeGreaterThan(0);
});

test('show tells each rule with who asked for it and how often it was met', async () => {
  const { code, stdout } = await fleet.ballast(['firewall', 'show', 'app-1', '--json'], { signal });
  expect(code).toBe(0);
  const [view] = (JSON.parse(stdout) as { machines: readonly FirewallView[] }).machines;
  expect(view?.rules.find(({ who }) => who === 'office')).toMatchObject({
    places: [`${outside}/32`],
    packets: expect.toSatisfy((packets: number) => packets > 0),
    origin: expect.stringMatching(/fleet\.yaml:10:\d+$/),
  });
  expect(view?.listening).toEqual(expect.arrayContaining([22, 9001, 9002]));
  expect(view?.refused[0]?.packets).toBeGreaterThan(0);
});

test('test tries from outside what must answer and what must not, and tells what differs', async () => {
  const tried = await fleet.ballast(['firewall', 'test'], { signal });
  expect(tried.code, tried.stdout + tried.stderr).toBe(0);
  expect(tried.stdout).toMatch(/app-1 +9001 +here +answer +open/);
  expect(tried.stdout).toMatch(/app-1 +9001 +app-2 +be refused +refused/);
  expect(tried.stdout).toMatch(/app-1 +9003 +app-2 +be closed: nothing listens +refused/);
  await inside(
    'app-1',
    'nft add table inet other; nft "add chain inet other c { type filter hook input priority 5; }"; nft add rule inet other c tcp dport 9002 reject with tcp reset',
  );
  const differs = await fleet.ballast(['firewall', 'test', 'app-1', '--json'], { signal });
  expect(differs.code).toBe(1);
  const { tries } = JSON.parse(differs.stdout) as { tries: readonly { readonly ok: boolean }[] };
  expect(tries.filter(({ ok }) => !ok)).toMatchObject([
    { machine: 'app-1', port: 9002, from: 'app-2', expected: 'answer', seen: 'refused' },
  ]);
  await inside('app-1', 'nft delete table inet other');
});

test('a table that was flushed by hand comes back, and those of others are left alone', async () => {
  const others = 'nft list table inet mine; nft list table ip filter';
  await inside('app-1', 'nft add table inet mine; nft add chain inet mine c; iptables-nft -N OTHERS');
  const before = await inside('app-1', others);
  await inside('app-1', 'nft flush table inet ballast_host');
  await eventually(signal, async () =>
    (await inside('app-1', 'nft list table inet ballast_host')).includes('web.inbound.0'),
  );
  expect(await inside('app-1', others)).toBe(before);
  expect(await knock(one, 9001)).toBe('open');
});

const shut = `${groups}  shut: { machines: [app-2], outbound: [{ to: any, ports: [443] }] }\n`;

test('a fleet file that would cut machines off is refused with its line', async () => {
  const { code, stderr } = await fleet.ballast(['deploy', '-f', await write(shut)], { signal });
  expect(code).toBe(1);
  expect(stderr).toMatch(/fleet\.yaml:12:\d+.*app-2 could not reach the server at 10\.84\.0\.254:7714/s);
  expect(stderr).toContain('{ to: 10.84.0.254, ports: [7714] }');
});

test('forced, the machine takes it back by itself and says so', async () => {
  const before = await inside('app-2', 'nft --stateless list table inet ballast_host');
  const forced = ['deploy', '-f', await write(shut), '--force', 'firewall', '--timeout', '3m'];
  const { code, stderr } = await fleet.ballast(forced, { signal });
  expect(code).toBe(3);
  expect(stderr).toMatch(/took changes back that cut it off/);
  expect(await inside('app-2', 'nft --stateless list table inet ballast_host')).toBe(before);
  await deploy(groups);
});
