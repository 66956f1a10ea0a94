import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReplicaReport } from '#plan/model.ts';
import {
  type AgentLab,
  addressOf,
  container,
  httpHealth,
  image,
  network,
  settles,
  startAgentLab,
  type Wish,
} from './agent-lab.ts';

let lab: AgentLab;

beforeAll(async () => {
  lab = await startAgentLab('tr', '10.98.0.0/24');
});

afterAll(async () => {
  await lab?.down();
});

let number = 20;

/** Gives one replica, and waits until its report is in a state. */
async function give(
  name: string,
  state: ReplicaReport['state'],
  wish: Partial<Wish>,
): Promise<ReplicaReport> {
  number += 1;
  const full = { image: lab.image, number, ...wish };
  lab.control.give([...network(), image(full.image), container(name, full)]);
  return await until(name, state);
}

const until = async (name: string, ...states: ReplicaReport['state'][]): Promise<ReplicaReport> => {
  const report = await lab.control.until(({ replicas }) => {
    const found = replicas[name];
    return found !== undefined && states.includes(found.state);
  });
  return report.replicas[name] as ReplicaReport;
};

describe('a replica', () => {
  test('that serves is running soon after its start', async () => {
    expect(await give('ok', 'running', {})).toMatchObject({ restarts: 0 });
  });

  test('that is killed is restarted, and the restart counted', async () => {
    await lab.shell('podman kill ok');
    await lab.control.until(
      ({ replicas }) => replicas['ok']?.state === 'running' && replicas['ok'].restarts === 1,
    );
    expect(lab.control.events.at(-1)).toMatchObject({
      kind: 'crash',
      what: expect.stringMatching(/exit code 137/),
    });
  });

  test('that crashes again and again has failed: with its exit code and last words', async () => {
    const report = await give('crash', 'failed', {
      exec: `sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11; do echo line $i; done; echo no database >&2; exit 3'`,
    });
    expect(report).toMatchObject({ exitCode: 3, log: expect.arrayContaining(['line 11', 'no database']) });
    expect(report.log).toHaveLength(10);
  });

  test('that ends and is not to be restarted has failed at once', async () => {
    const report = await give('once', 'failed', {
      exec: `sh -c 'echo oops; exit 4'`,
      restart: 'no',
      health: settles,
    });
    expect(report).toMatchObject({ exitCode: 4, restarts: 0, log: ['oops'] });
  });

  test('that runs out of memory is said to', async () => {
    const report = await give('hungry', 'failed', {
      exec: `sh -c 'sleep 0.5; tail /dev/zero'`,
      lines: 'PodmanArgs=--memory=16m',
      health: settles,
    });
    expect(report).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  test('that answers with errors is unhealthy and restarted', async () => {
    const told = lab.control.events.length;
    const name = 'sick';
    number += 1;
    const wish = { image: lab.image, number, health: httpHealth(addressOf(number), '/nothing-here') };
    lab.control.give([...network(), image(lab.image), container(name, wish)]);
    const report = await until(name, 'unhealthy', 'restarting');
    await expect
      .poll(() => lab.control.events.slice(told).map(({ kind }) => kind), { timeout: 20_000 })
      .toContain('unhealthy');
    const detail = lab.control.events.find(({ kind }) => kind === 'unhealthy')?.what;
    expect(detail).toMatch(/sick was unhealthy and is restarted: GET .*nothing-here: 404/);
    expect(report.restarts).toBe(0);
    await lab.control.until(({ replicas }) => (replicas[name]?.restarts ?? 0) > 0);
  });

  test('with a check of its own is healthy as soon as that passes, long before its interval', async () => {
    const began = Date.now();
    await give('command', 'running', {
      exec: `sh -c 'sleep 1; echo x > /tmp/ready; exec sleep 1000'`,
      lines: 'Tmpfs=/tmp\nHealthCmd=cat /tmp/ready\nHealthInterval=30s\nHealthRetries=1',
      health: { kind: 'command' },
    });
    expect(Date.now() - began).toBeGreaterThan(1_000);
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test('with a check of its own is unhealthy when podman finds it so', async () => {
    const told = lab.control.events.length;
    await give('fading', 'running', {
      exec: `sh -c 'echo x > /tmp/ready; exec sleep 1000'`,
      lines: 'Tmpfs=/tmp\nHealthCmd=cat /tmp/ready\nHealthInterval=1s\nHealthRetries=2',
      health: { kind: 'command' },
    });
    await lab.shell('pid=$(podman inspect -f "{{.State.Pid}}" fading); rm -f /proc/$pid/root/tmp/ready');
    await expect
      .poll(() => lab.control.events.slice(told).map(({ kind }) => kind), { timeout: 20_000 })
      .toContain('unhealthy');
    await until('fading', 'running');
  });

  test('that is a one-off completes, and is not run again', async () => {
    const wish = { exec: `sh -c 'echo migrated'`, restart: 'no', health: settles, job: true };
    expect(await give('job', 'completed', wish)).toMatchObject({ exitCode: 0 });
    await lab.shell('systemctl restart ballast-agent');
    await lab.shell('systemctl daemon-reload; systemctl reset-failed');
    const generation = lab.control.report()?.generation;
    await lab.control.until(({ converged }) => converged === generation);
    expect(await lab.shell('journalctl --no-pager -o cat CONTAINER_NAME=job | grep -c migrated')).toBe('1');
  });

  test('whose image cannot be had waits and says so', async () => {
    const missing = `127.0.0.1:5999/none@sha256:${'0'.repeat(64)}`;
    const report = await give('imageless', 'starting', { image: missing });
    expect(report.detail).toMatch(/the registry of 127.0.0.1:5999\/none.* does not answer/);
    expect(lab.control.report()?.failures.map(({ resource }) => resource)).toEqual([`image:${missing}`]);
  });

  test('whose Quadlet is refused says why', async () => {
    const report = await give('bad', 'starting', { lines: 'NoSuchKey=1' });
    expect(report).toMatchObject({ detail: expect.stringMatching(/Quadlet refused bad.container/) });
    expect(JSON.stringify(report.log)).toMatch(/NoSuchKey/);
  });
});

describe('streams', () => {
  beforeAll(async () => {
    await give('web', 'running', { exec: `sh -c 'echo one; echo two >&2; exec httpd -f -p 8080 -h /www'` });
  });

  const exec = (command: readonly string[], more: object = {}) =>
    lab.control.ask({ kind: 'exec', replica: 'web', command, tty: false, stdin: false, env: {}, ...more });

  test('logs come from the journal, as many as asked for', async () => {
    const asked = lab.control.ask({ kind: 'logs', replicas: ['web'], follow: false, tail: 1 });
    expect(await asked.end).toMatchObject({ code: 0 });
    expect(asked.lines()).toEqual(['two']);
  });

  test('logs are followed until that is cancelled', async () => {
    const asked = lab.control.ask({ kind: 'logs', replicas: ['web'], follow: true, tail: -1 });
    await expect.poll(() => asked.lines()).toEqual(['one', 'two']);
    await lab.shell('podman exec web sh -c "echo three > /proc/1/fd/1"');
    await lab.shell('logger -t noise none-of-it');
    asked.cancel();
    expect(await asked.end).toMatchObject({ code: 0 });
  });

  test.each([
    [['sh', '-c', 'echo out; echo err >&2; exit 7'], 7, 'out\nerr\n'],
    [['sh', '-c', 'exit 0'], 0, ''],
    [['sh', '-c', `echo "it's" '"quoted"' $((6 * 7))`], 0, `it's "quoted" 42\n`],
  ])('a command runs inside: %s', async (command, code, output) => {
    const asked = exec(command);
    expect(await asked.end).toMatchObject({ code });
    expect(asked.output().split('\n').sort()).toEqual(output.split('\n').sort());
  });

  test('a command that is not there ends with 127', async () => {
    expect(await exec(['nothing-here']).end).toMatchObject({ code: 127 });
  });

  test('input reaches the command, and its end too', async () => {
    const asked = exec(['cat'], { stdin: true });
    asked.write('through ');
    asked.write('and through');
    asked.write(null);
    expect(await asked.end).toMatchObject({ code: 0 });
    expect(asked.output()).toBe('through and through');
  });

  test('variables, user and directory are as asked for', async () => {
    const asked = exec(['sh', '-c', 'echo $A $(id -u) $PWD'], {
      env: { A: 'x y' },
      user: '1000',
      workdir: '/www',
    });
    expect(await asked.end).toMatchObject({ code: 0 });
    expect(asked.output()).toBe('x y 1000 /www\n');
  });

  test('a terminal is one, of the size asked for, and its exit code comes back', async () => {
    const asked = exec(['sh', '-c', 'tty; stty size; read line; echo "got $line"; exit 5'], {
      tty: true,
      stdin: true,
      env: { LINES: '33', COLUMNS: '111', TERM: 'xterm' },
    });
    await expect.poll(() => asked.output()).toContain('33 111');
    asked.write('typed\n');
    expect(await asked.end).toMatchObject({ code: 5 });
    expect(asked.output()).toMatch(/\/dev\/pts\/0[\s\S]*got typed/);
  });

  test('a cancelled command is gone from the container', async () => {
    const asked = exec(['sleep', '4242']);
    await expect.poll(() => lab.shell('pgrep -fc "^sleep 4242"')).toBe('1');
    asked.cancel();
    await asked.end;
    await expect.poll(() => lab.shell('pgrep -fc "^sleep 4242"'), { timeout: 5_000 }).toBe('0');
  });

  test('say nothing that the contract does not know', () => {
    expect(lab.control.violations).toEqual([]);
  });
});
