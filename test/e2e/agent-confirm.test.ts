import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Resource } from '#compile/manifest.ts';
import type { AgentReport } from '#wire/agent-messages.ts';
import { type AgentLab, file, network, startAgentLab, unit } from './agent-lab.ts';
import { patient } from './provider-lab.ts';
import { eventually } from './support/ask.ts';

let lab: AgentLab;

beforeAll(async () => {
  lab = await startAgentLab('tc', '10.83.0.0/24');
  // As on machines with a firewall of their own, whose kernel knows what is open.
  await lab.shell(
    "nft 'table inet known { chain output { type filter hook output priority 0; ct state new counter; }; }'",
  );
});

afterAll(async () => {
  await lab?.down();
});

const confirm = { confirm: true };
const greeting = file('/etc/greeting', 'hello\n', confirm);

/** Rules that let nothing new through to the control plane, while what is open goes on. */
const cutOff = (comment: string, open = 'ct state established accept'): Resource => ({
  kind: 'firewall',
  id: 'firewall:inet/cut',
  after: [],
  origin: 'test',
  family: 'inet',
  table: 'cut',
  objects: [
    {
      kind: 'chain',
      name: 'output',
      hook: 'type filter hook output priority 0; policy accept;',
      rules: [open, `tcp dport ${lab.control.port} drop comment "${comment}"`].filter((rule) => rule !== ''),
    },
  ],
  ...confirm,
});

async function hold(...resources: readonly Resource[]): Promise<AgentReport> {
  const generation = lab.control.give([...network(), ...resources]);
  return await lab.control.until(({ converged }) => converged === generation, 60_000);
}

/** Gives resources that cannot stay, and waits until the machine has said so of them all. */
async function refused(...resources: readonly Resource[]): Promise<AgentReport> {
  const generation = lab.control.give([...network(), ...resources]);
  const report = await lab.control.until(
    (now) => now.generation === generation && resources.every(({ id }) => isFinal(now, id)),
    90_000,
  );
  expect(report.converged).toBeLessThan(generation);
  return report;
}

const isFinal = ({ failures }: AgentReport, id: string): boolean =>
  failures.some(({ resource, final }) => resource === id && final === true);
const undone = () => lab.control.events.filter(({ kind }) => kind === 'undone');
/** Tables, apart from the one that makes the kernel follow connections. */
const tables = "nft list tables | grep -v 'inet known'";
const leftOpen = async () =>
  await lab.shell('ls /var/lib/ballast/unconfirmed.json; systemctl is-active ballast-undo.timer');

test('a change that does no harm stays, and no timer with it', async () => {
  await hold(greeting);
  expect(await lab.shell('cat /etc/greeting')).toBe('hello');
  expect(await leftOpen()).toMatch(/No such file.*\n?inactive|inactive\n.*No such file/s);
  expect(undone()).toEqual([]);
});

test('rules that let no new connection to the control plane through are undone, with what came with them', async () => {
  const report = await refused(cutOff('one'), file('/etc/greeting', 'good bye\n', confirm));
  expect(report.failures.find(({ resource }) => resource === 'firewall:inet/cut')?.what).toMatch(
    /cut the machine off; the control plane .* is not reached within 12 s/,
  );
  expect(await lab.shell(`cat /etc/greeting; ${tables}`)).toBe('hello');
  expect(undone()).toHaveLength(1);
  expect(await leftOpen()).toContain('inactive');
});

test('what was undone is not tried again by an agent that starts anew, and another content is', async () => {
  await lab.shell('systemctl restart ballast-agent');
  await lab.control.until((report) => isFinal(report, 'firewall:inet/cut'));
  expect(await lab.shell(tables)).toBe('');
  expect(undone()).toHaveLength(1);
  await hold(file('/etc/greeting', 'good evening\n', confirm));
  expect(await lab.shell('cat /etc/greeting')).toBe('good evening');
});

test('a change that is undone only because the control plane was away is made when that is back', async () => {
  lab.control.deaf();
  const generation = lab.control.give([...network(), file('/etc/greeting', 'good night\n', confirm)]);
  const shows = (word: string) =>
    lab.shell(`for i in $(seq 300); do grep -q '${word}' /etc/greeting && break; sleep 0.1; done`);
  await shows('night');
  lab.control.drop();
  await shows('evening');
  expect(await lab.shell('cat /etc/greeting')).toBe('good evening');
  await lab.control.hearing();
  const waiting = await lab.control.until(({ failures }) =>
    failures.some(({ resource }) => resource === 'agent:confirm'),
  );
  expect(waiting.failures[0]?.what).toMatch(
    /wait to be tried once more: the control plane .* is not reached within 12 s: .*ECONNREFUSED/,
  );
  const report = await lab.control.until(({ converged }) => converged === generation, 60_000);
  expect(report.failures).toEqual([]);
  expect(await lab.shell('cat /etc/greeting')).toBe('good night');
  expect(undone().at(-1)?.what).toContain('tried once more');
  // As it was for the tests that follow.
  await hold(file('/etc/greeting', 'good evening\n', confirm));
});

test('a change that leaves no connection at all is tried once more, and then never again', async () => {
  const before = undone().length;
  const report = await refused(cutOff('three', ''));
  expect(report.failures.find(({ resource }) => resource === 'firewall:inet/cut')?.what).toContain(
    'cut the machine off',
  );
  await eventually(patient, async () => undone().length - before === 2);
  expect(await lab.shell(tables)).toBe('');
}, 120_000);

test('an sshd that would not start again is given its settings back', async () => {
  const settings = file('/etc/ssh/sshd_config.d/50-test.conf', 'Nonsense yes\n', confirm);
  const ssh = { ...unit('ssh.service', 'bad', [settings.id]), reload: true, ...confirm } as Resource;
  const generation = lab.control.give([...network(), settings, ssh]);
  await lab.control.until((now) => now.generation === generation && isFinal(now, settings.id), 60_000);
  expect(await lab.shell('ls /etc/ssh/sshd_config.d')).not.toContain('50-test');
  expect(await lab.shell('sshd -t && systemctl is-active ssh')).toBe('active');
});

test('a unit that loads rules goes back with the file that it loaded, though that harmed nobody by itself', async () => {
  const rules = file(
    '/etc/nftables.conf',
    `table inet three {\n chain output {\n type filter hook output priority 0;\n tcp dport ${lab.control.port} drop\n }\n}\n`,
    confirm,
  );
  const before = await lab.shell('cat /etc/nftables.conf');
  const between = file('/etc/between', 'not guarded\n', { after: [rules.id] });
  const loads = { ...unit('nftables.service', 'bad', [rules.id, between.id]), ...confirm } as Resource;
  const generation = lab.control.give([...network(), rules, between, loads]);
  await lab.control.until((now) => now.generation === generation && isFinal(now, loads.id), 60_000);
  expect(await lab.shell('systemctl is-active nftables; nft list tables | grep three')).toBe('inactive');
  expect(await lab.shell('cat /etc/nftables.conf')).toBe(before);
});

test('sudo rules that do not parse are taken back, and the account that came with them goes', async () => {
  const rules = file('/etc/sudoers.d/broken', 'this is no rule\n', { mode: 0o440, ...confirm });
  const user: Resource = {
    ...{
      kind: 'user',
      id: 'user:newbie',
      after: [],
      origin: 'test',
      name: 'newbie',
      group: 'newbie',
      groups: [],
    },
    ...{
      shell: '/bin/sh',
      home: '/home/newbie',
      makeHome: false,
      comment: '',
      system: false,
      removeHome: false,
    },
    ...confirm,
  };
  await refused(rules, user);
  expect(await lab.shell('visudo -c -q && echo sound; id newbie')).toMatch(/^sound\n.*no such user$/);
});

test('the machine undoes by itself when its agent is gone before it could confirm', async () => {
  const before = lab.control.give([...network(), cutOff('two'), file('/etc/greeting', 'cut\n', confirm)]);
  await lab.shell(
    'for i in $(seq 500); do nft list table inet cut >/dev/null 2>&1 && break; sleep 0.02; done; systemctl kill -s KILL ballast-agent; systemctl stop ballast-agent',
  );
  expect(await lab.shell(tables)).toContain('inet cut');
  await lab.shell(
    'for i in $(seq 450); do [ -e /var/lib/ballast/unconfirmed.json ] || break; sleep 0.1; done',
  );
  // Neither the table nor the word in the file.
  expect(await lab.shell(`${tables}; cat /etc/greeting`)).not.toContain('cut');
  await lab.shell('systemctl start ballast-agent');
  const report = await lab.control.until(
    (now) => now.generation === before && isFinal(now, 'firewall:inet/cut'),
  );
  expect(report.failures[0]?.what).toMatch(/not confirmed in time/);
});
