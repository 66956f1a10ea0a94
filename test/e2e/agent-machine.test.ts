import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '#compile/manifest.ts';
import type { StepFailure } from '#plan/model.ts';
import type { AgentReport } from '#wire/agent-messages.ts';
import {
  type AgentLab,
  container,
  directory,
  file,
  firewall,
  image,
  machineName,
  memoryBytes,
  network,
  settles,
  startAgentLab,
  sysctl,
  unit,
  volume,
  type Wish,
} from './agent-lab.ts';
import { patient } from './provider-lab.ts';

let lab: AgentLab;

beforeAll(async () => {
  lab = await startAgentLab('ta', '10.97.0.0/24');
});

afterAll(async () => {
  await lab?.down();
});

const web = (name: string, number: number, more: Partial<Wish> = {}) =>
  container(name, { image: lab.image, number, ...more });
const basis = (): Resource[] => [...network(), image(lab.image)];

/** Gives resources and waits until the machine holds them all. */
async function hold(resources: readonly Resource[], more: object = {}): Promise<AgentReport> {
  const generation = lab.control.give(resources, more);
  return await lab.control.until(({ converged }) => converged === generation);
}

const stateOf = (report: AgentReport, name: string) => report.replicas[name]?.state;
const running = async (...names: string[]) =>
  await lab.control.until((report) => names.every((name) => stateOf(report, name) === 'running'));
const invocations = async () =>
  await lab.shell('systemctl show -p InvocationID --value "w*.service" dnsmasq-test.service | sort');

const service = '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n';
const serviceFile = file('/etc/systemd/system/sleeper.service', service, { mode: 0o644 });
const everything = (): Resource[] => [
  ...basis(),
  directory('/etc/test'),
  file('/etc/test/greeting', 'hello\n', { after: ['directory:/etc/test'] }),
  file('/etc/test/password', '', {
    content: undefined,
    secret: 'password@1',
    mode: 0o600,
    after: ['directory:/etc/test'],
  }),
  sysctl('net.ipv4.tcp_migrate_req', '1'),
  volume('data'),
  firewall,
  serviceFile,
  unit('sleeper.service', 'one', [serviceFile.id]),
  web('w1', 11, { lines: 'Volume=data:/data', after: ['volume:data'] }),
  web('w2', 12),
];
const secrets = { 'password@1': 'hunter2' };

describe('an agent', () => {
  test('joins once and keeps no token', async () => {
    await lab.control.until(() => lab.control.isConnected());
    expect(await lab.shell('grep -c token /etc/ballast/agent.json')).toBe('0');
    expect(await lab.shell('stat -c %a /var/lib/ballast/key.pem')).toBe('600');
    expect(lab.control.report()).toMatchObject({
      generation: 0,
      facts: { hostname: machineName, cpus: 2, memoryBytes, podman: expect.stringMatching(/^5/) },
    });
  });

  test('makes all that a manifest says', async () => {
    await hold(everything(), { secrets });
    await running('w1', 'w2');
    expect(await lab.shell('cat /etc/test/greeting; stat -c "%a %U" /etc/test /etc/test/greeting')).toBe(
      'hello\n750 root\n640 root',
    );
    expect(await lab.shell('cat /etc/test/password; stat -c " %a" /etc/test/password')).toBe('hunter2 600');
    expect(await lab.shell('cat /proc/sys/net/ipv4/tcp_migrate_req; systemctl is-active sleeper')).toBe(
      '1\nactive',
    );
    expect(await lab.shell('nft list table inet test')).toContain('tcp dport 9');
    expect(await lab.shell('curl -s http://10.91.1.12:8080/healthz')).toBe('well');
  });

  test('does nothing when it is given the same again', async () => {
    const before = await invocations();
    const told = lab.control.events.length;
    await hold(everything(), { secrets });
    expect(await invocations()).toBe(before);
    expect(lab.control.events.length).toBe(told);
    expect(
      await lab.shell(
        'grep -rl hunter2 /var/log /run/log /var/lib/ballast/manifest.json /var/lib/ballast/owned.json; journalctl --no-pager | grep -c hunter2',
      ),
    ).toBe('0');
  });

  test('leaves alone what is not its own', async () => {
    await lab.shell(
      'podman run -d --name mine --network=none test/box sleep 1000; podman volume create mine; echo x > /etc/mine',
    );
    await hold([...everything(), file('/etc/test/another', 'x')], { secrets });
    expect(
      await lab.shell(
        'podman ps -q --filter name=mine | wc -l; podman volume ls -q | grep mine; cat /etc/mine',
      ),
    ).toBe('1\nmine\nx');
    await lab.shell('podman rm -f -t 0 mine; podman volume rm mine; rm /etc/mine');
  });

  test('replaces a container whose text changed and no other', async () => {
    const before = await lab.shell('systemctl show -p InvocationID --value w1 w2');
    await hold(
      [
        ...everything().filter(({ id }) => id !== 'container:w2'),
        web('w2', 12, { lines: 'Environment=A=1' }),
      ],
      { secrets },
    );
    const [one, , two] = (await lab.shell('systemctl show -p InvocationID --value w1 w2')).split('\n');
    expect(before.split('\n')[0]).toBe(one);
    expect(before.split('\n')[2]).not.toBe(two);
    await running('w1', 'w2');
  });

  test('goes on with the rest when a step fails, and says which and why', async () => {
    const generation = lab.control.give(
      [
        ...everything(),
        sysctl('net.not.there', '1'),
        file('/etc/test/greeting/under-a-file', 'x'),
        file('/etc/test/after', 'x', { after: ['sysctl:net.not.there'] }),
        file('/etc/test/besides', 'x'),
      ],
      { secrets },
    );
    const report = await lab.control.until(
      ({ generation: held, failures }) => held === generation && failures.length === 2,
    );
    expect(report.failures.map(({ resource, what }) => `${resource}: ${what}`)).toEqual([
      expect.stringMatching(/^file:\/etc\/test\/greeting\/under-a-file: .*is a file/),
      expect.stringMatching(/^sysctl:net.not.there: this machine's kernel has no setting net.not.there/),
    ]);
    expect(await lab.shell('cat /etc/test/besides; ls /etc/test/after')).toMatch(/^x\n?ls: cannot access/);
    expect(stateOf(report, 'w1')).toBe('running');
  });

  test('calls a full disk a full disk', async () => {
    await lab.shell('mkdir -p /mnt/small && mount -t tmpfs -o size=64k tmpfs /mnt/small');
    const generation = lab.control.give([...everything(), file('/mnt/small/big', 'x'.repeat(200_000))], {
      secrets,
    });
    const full = (report: { failures: readonly StepFailure[] }) =>
      report.failures.find(({ resource }) => resource === 'file:/mnt/small/big');
    const report = await lab.control.until((one) => one.generation === generation && full(one) !== undefined);
    expect(full(report)?.what).toMatch(/^no space left on the disk of \/mnt\/small\/big \(0 MiB free\)/);
    await hold(everything(), { secrets });
    await lab.shell('umount /mnt/small');
  });

  test('refuses an older manifest and an earlier leader’s', async () => {
    const { generation } = await hold(everything(), { secrets, epoch: 2 });
    lab.control.give([], { generation: generation - 1, epoch: 2 });
    lab.control.give([], { generation: generation + 1, epoch: 1 });
    const next = await hold(everything(), { generation: generation + 2, epoch: 2, secrets });
    expect(stateOf(next, 'w1')).toBe('running');
    expect(await lab.shell('journalctl -u ballast-agent --no-pager | grep -c "refused a manifest"')).toBe(
      '2',
    );
  });

  test('holds the machine after kill -9 at any moment', async () => {
    const more = [web('w3', 13), web('w4', 14), file('/etc/test/late', 'late')];
    for (const delayMs of [0, 30, 80, 150, 250, 400]) {
      lab.control.give([...everything(), ...more], { secrets, epoch: 2 });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await lab.shell('systemctl kill -s KILL ballast-agent');
      await hold(everything(), { secrets, epoch: 2 });
      expect(await lab.shell('ls -A /etc/containers/systemd/ballast /etc/test')).toBe(
        '/etc/containers/systemd/ballast:\nw1.container\nw2.container\n\n/etc/test:\ngreeting\npassword',
      );
    }
    await running('w1', 'w2');
  });

  test('keeps what it was given while the server is away, also over a reboot', async () => {
    const { provider, control } = lab;
    await provider.power.partition(machineName, patient);
    await lab.shell('systemctl restart ballast-agent; podman kill w1; rm /etc/test/greeting');
    await expect
      .poll(() => lab.shell('systemctl is-active w1; cat /etc/test/greeting'), { timeout: 20_000 })
      .toBe('active\nhello');
    await provider.power.reboot(machineName, patient);
    await provider.power.partition(machineName, patient);
    const look =
      'systemctl is-active w1 w2 sleeper; nft list table inet test | grep -c dport; cat /proc/sys/net/ipv4/tcp_migrate_req';
    await expect.poll(() => lab.shell(look), { timeout: 60_000 }).toBe('active\nactive\nactive\n1\n1');
    const connected = control.report();
    await provider.power.heal(machineName, patient);
    await control.until(
      (report) => report !== connected && report.facts.bootId !== connected?.facts.bootId,
      60_000,
    );
    await running('w1', 'w2');
  });

  test('takes everything away with an empty manifest, but no volume', async () => {
    await hold([], { epoch: 2 });
    expect(
      await lab.shell(
        'ls -A /etc/containers/systemd/ballast /var/lib/ballast/secrets; podman ps -aq; nft list table inet test 2>/dev/null; ls /etc/test /etc/systemd/system/sleeper.service 2>/dev/null; systemctl is-active sleeper; cat /proc/sys/net/ipv4/tcp_migrate_req; podman volume ls -q',
      ),
    ).toBe('/etc/containers/systemd/ballast:\n\n/var/lib/ballast/secrets:\ninactive\n0\ndata');
    expect(lab.control.report()?.replicas).toEqual({});
  });

  test('deletes a volume only when it is asked to by name', async () => {
    expect(await lab.control.ask({ kind: 'delete-volume', volume: 'data' }).end).toMatchObject({ code: 0 });
    expect(await lab.shell('podman volume ls -q')).toBe('');
    expect(await lab.control.ask({ kind: 'delete-volume', volume: 'data' }).end).toMatchObject({ code: 0 });
  });

  test('says nothing that the contract does not know', () => {
    expect(lab.control.violations).toEqual([]);
    expect(settles.kind).toBe('none');
  });
});
