import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '#compile/manifest.ts';
import type { AgentReport } from '#wire/agent-messages.ts';
import { type AgentLab, file, startAgentLab } from './agent-lab.ts';
import { authority, makePackages } from './baseline/host.ts';
import { declared, neighbours, neighboursNow } from './drift/declared.ts';
import { makeRegistry } from './drift/registry.ts';
import { ways } from './drift/ways.ts';

// One machine that is changed by hand in every way there is.

let lab: AgentLab;
let certificate: string;
let pulled: string;
let others: string;
/** How long each change took to be seen and to be put right, ms. */
const seen: [ms: number, way: string][] = [];
const righted: [ms: number, way: string][] = [];

beforeAll(async () => {
  certificate = await authority();
  lab = await startAgentLab('drf', '10.86.0.0/24');
  await lab.shell(makePackages);
  const said = await lab.shell(makeRegistry);
  pulled = said.split('\n').find((line) => /^\S+@sha256:\w+$/.test(line)) ?? '';
  if (pulled === '') throw new Error(`the registry was not made: ${said}`);
}, 180_000);

afterAll(async () => {
  await lab?.down();
  const show = (all: typeof seen): string => {
    const sorted = all.toSorted(([a], [b]) => a - b);
    const slowest = sorted.slice(-3).map(([ms, way]) => `${ms} ms (${way})`);
    return `p50 ${sorted[Math.floor(sorted.length / 2)]?.[0]} ms of ${sorted.length}, slowest ${slowest.join(', ')}`;
  };
  process.stderr.write(`drift: seen ${show(seen)}; right ${show(righted)}\n`);
});

const secrets = { 'password@1': 'hunter2' };

async function hold(more: object = {}, ...besides: Resource[]): Promise<AgentReport> {
  const resources = [...declared(lab.image, pulled, certificate), ...besides];
  const generation = lab.control.give(resources, { secrets, ...more });
  return await lab.control.until(({ converged }) => converged === generation, 90_000);
}

const calm = async (): Promise<AgentReport> =>
  await lab.control.until(
    ({ replicas, drift = [] }) =>
      drift.length === 0 && ['w1', 'w2', 'w3'].every((name) => replicas[name]?.state === 'running'),
  );

/** Does something by hand. Answers with when, in ms since the epoch. */
async function byHand(line: string): Promise<number> {
  const said = await lab.shell(`date +%s%3N; { ${line}\n} >/dev/null 2>&1`);
  return Number(said.split('\n')[0]);
}

const eventsSince = (told: number) => lab.control.events.slice(told).filter(({ kind }) => kind === 'drift');

describe('a machine that is changed by hand', { timeout: 60_000 }, () => {
  test('holds what is declared, beside what is others’', async () => {
    await lab.control.until(() => lab.control.isConnected());
    await hold();
    await calm();
    await lab.shell(neighbours);
    others = await lab.shell(neighboursNow);
    expect(others).toContain('true');
  });

  test.each(ways)('has this put right and told: $name', async ({ name, harm, look, right, tells }) => {
    const told = lab.control.events.length;
    const at = await byHand(harm);
    await expect.poll(() => lab.shell(look), { timeout: 30_000 }).toBe(right);
    const own = () =>
      lab.control.events
        .slice(told)
        .filter(({ subject }) => subject === tells || subject?.startsWith(`${tells}@`));
    // Some are right again along with something else, or by systemd's hand.
    const isTold = (): boolean => own().some(({ kind, stage }) => kind !== 'drift' || stage !== 'found');
    await expect.poll(isTold, { timeout: 10_000 }).toBe(true);
    expect(own().map(({ cause }) => cause)).toContain('corrective');
    const found = own().find(({ stage }) => stage === 'found');
    if (found) seen.push([found.at - at, name]);
    const last = own().find(({ stage }) => stage === 'repaired');
    if (last) righted.push([last.at - at, name]);
    await calm();
  });

  test('leaves its neighbours as they were', async () => {
    expect(await lab.shell(neighboursNow)).toBe(others);
  });
});

describe('drift', { timeout: 60_000 }, () => {
  test('is only told in report mode, while what is deployed is made true', async () => {
    await hold({ drift: { repair: 'report', allow: [] } });
    const told = lab.control.events.length;
    await byHand('echo evil > /etc/test/greeting; sysctl -q -w net.ipv4.tcp_migrate_req=0');
    const report = await lab.control.until(({ drift = [] }) => drift.length === 2);
    expect(report.drift).toMatchObject([
      { resource: 'file:/etc/test/greeting', found: 'changed', doing: 'reported' },
      { resource: 'sysctl:net.ipv4.tcp_migrate_req', doing: 'reported' },
    ]);
    expect(eventsSince(told).map(({ stage }) => stage)).toEqual(['reported', 'reported']);
    await hold({ drift: { repair: 'report', allow: [] } }, file('/etc/test/asked-for', 'new\n'));
    expect(await lab.shell('cat /etc/test/greeting /etc/test/asked-for')).toBe('evil\nnew');
  });

  test('is put right once when somebody asks for it, and only what was asked for', async () => {
    const asked = lab.control.ask({ kind: 'repair', resource: 'file:*' });
    expect(await asked.end).toMatchObject({ code: 0 });
    expect(JSON.parse(asked.output())).toMatchObject({
      repaired: expect.arrayContaining(['file:/etc/test/greeting']),
    });
    expect(await lab.shell('cat /etc/test/greeting /proc/sys/net/ipv4/tcp_migrate_req')).toBe('hello\n0');
  });

  test('is allowed until its exception ends, and is drift again then', async () => {
    await hold();
    await calm();
    const until = Date.now() + 20_000;
    await hold({ drift: { repair: 'always', allow: [{ resource: 'file:/etc/test/*', until }] } });
    await byHand('echo mine > /etc/test/greeting');
    const report = await lab.control.until(({ drift = [] }) => drift.length === 1);
    expect(report.drift).toMatchObject([{ doing: 'allowed', until }]);
    await expect
      .poll(() => lab.shell('cat /etc/test/greeting'), { timeout: 55_000, interval: 500 })
      .toBe('hello');
    expect(Date.now()).toBeGreaterThan(until);
  });

  test('of a volume that was made anew is told and left alone, for the sake of what may be in it', async () => {
    const told = lab.control.events.length;
    await byHand('podman volume rm spare; podman volume create --opt type=tmpfs --opt device=tmpfs spare');
    const report = await lab.control.until(({ failures }) =>
      failures.some(({ resource }) => resource === 'volume:spare'),
    );
    expect(report.drift).toMatchObject([{ resource: 'volume:spare', found: 'changed' }]);
    expect(
      eventsSince(told).find(({ stage, what }) => stage === 'found' && what.includes('differs')),
    ).toMatchObject({
      what: expect.stringMatching(/^volume:spare differs \(options\)/),
    });
    expect(await lab.shell('podman volume inspect spare --format "{{.Options.type}}"')).toBe('tmpfs');
    await byHand('podman volume rm spare');
    await calm();
    expect(await lab.shell('podman volume inspect spare --format "{{len .Options}}"')).toBe('0');
  });

  test('carries the name of who was logged in', async () => {
    await lab.shell(`ssh-keygen -q -t ed25519 -N '' -f /root/hand; mkdir -p -m 700 /root/.ssh
      cat /root/hand.pub >> /root/.ssh/authorized_keys`);
    const ssh = 'ssh -i /root/hand -o StrictHostKeyChecking=no root@127.0.0.1';
    const told = lab.control.events.length;
    await byHand(`${ssh} 'echo evil > /etc/test/greeting; podman volume rm spare; sleep 1'`);
    const about = (id: string) =>
      eventsSince(told).find(({ subject, stage }) => subject === id && stage === 'found');
    await expect
      .poll(() => about('file:/etc/test/greeting')?.what)
      .toMatch(/ while key SHA256:\S+ \(session \S+\) was logged in/);
    await expect
      .poll(() => about('volume:spare')?.what)
      .toMatch(/ (by|while) key SHA256:\S+ \(session \S+\)/);
    await calm();
  });

  test('is nothing that systemd says of all units at once, when one is enabled', async () => {
    const told = lab.control.events.length;
    const before = lab.control.report()?.replicas['w2']?.restarts ?? 0;
    // Another unit's being enabled is enough for systemd to say so of w1.
    const other = 'systemd-networkd-wait-online';
    const enabled = `systemctl -q --no-reload disable ${other}; systemctl -q --no-reload enable ${other}`;
    const stale = `${enabled}; systemctl show -p NeedDaemonReload --value w1`;
    await expect.poll(() => lab.shell(stale)).toBe('yes');
    await byHand('systemctl restart w2');
    await lab.control.until(({ replicas }) => (replicas['w2']?.restarts ?? 0) > before);
    await byHand('echo evil > /etc/test/greeting');
    await expect.poll(() => eventsSince(told).some(({ stage }) => stage === 'repaired')).toBe(true);
    await calm();
    expect(eventsSince(told).filter(({ subject }) => subject?.startsWith('container:'))).toEqual([]);
    await lab.shell('systemctl disable systemd-networkd-wait-online');
  });

  test('of one unit is put right without making systemd take all others for out of date', async () => {
    const told = lab.control.events.length;
    await byHand('systemctl --no-reload disable sleeper; systemctl daemon-reload');
    await expect.poll(() => lab.shell('systemctl is-enabled sleeper'), { timeout: 20_000 }).toBe('enabled');
    await calm();
    expect(await lab.shell('systemctl show -P NeedDaemonReload sleeper w1 w2')).toBe('no\n\nno\n\nno');
    expect(new Set(eventsSince(told).map(({ subject }) => subject))).toEqual(
      new Set(['unit:sleeper.service']),
    );
  });

  test('is nothing that a start of the machine explains', async () => {
    await hold({ drift: { repair: 'report', allow: [] } });
    const before = lab.control.report()?.facts.bootId;
    await lab.provider.power.reboot('m1', AbortSignal.timeout(60_000));
    await lab.control.until(
      ({ facts, drift = [], replicas }) =>
        facts.bootId !== before && drift.length === 0 && replicas['w2']?.state === 'running',
      60_000,
    );
    expect(
      await lab.shell('cat /proc/sys/net/ipv4/tcp_migrate_req; nft list table inet test | grep -c dport'),
    ).toBe('1\n1');
  });

  test('is told in words that the contract knows', () => {
    expect(lab.control.violations).toEqual([]);
  });
});
