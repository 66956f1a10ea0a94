import { describe, expect, test } from 'vitest';
import { parseFacts, type SshFacts } from './facts.ts';
import { type Expectation, judge, obstacles } from './findings.ts';

const output = `uid 0
sudo yes
os.id debian
os.version 13
os.name Debian GNU/Linux 13 (trixie)
arch x86_64
kernel 6.12.0
systemd 257
cgroup 2
podman 5.4.2
nft yes
cpus 2
memory.kib 2097152
disk.kib 8388608
now.ms 1000000
port 0016
port 1388
agent {"machine":"app-1","server":"https://192.0.2.1:7443","ca":"x"}
`;
const good: SshFacts = { ...parseFacts(output), agent: null, ports: [22] };
const expected: Expectation = { nowMs: 1_000_000, tookMs: 200, ports: [53, 5000] };
const about = (facts: Partial<SshFacts>, id: string, more: Partial<Expectation> = {}) => {
  const { status, what } =
    judge({ ...good, ...facts }, { ...expected, ...more }).find((finding) => finding.id === id) ?? {};
  return `${status}: ${what}`;
};

test('facts are read from what the script prints', () => {
  expect(parseFacts(output)).toMatchInlineSnapshot(`
    {
      "agent": {
        "machine": "app-1",
        "server": "https://192.0.2.1:7443",
      },
      "arch": "x86_64",
      "cgroup": 2,
      "cpus": 2,
      "diskFreeBytes": 8589934592,
      "kernel": "6.12.0",
      "memoryBytes": 2147483648,
      "missingPackages": [],
      "nft": true,
      "nowMs": 1000000,
      "os": {
        "id": "debian",
        "name": "Debian GNU/Linux 13 (trixie)",
        "version": "13",
      },
      "podman": "5.4.2",
      "ports": [
        22,
        5000,
      ],
      "sudo": true,
      "systemd": 257,
      "uid": 0,
    }
  `);
});

test('facts that a machine does not tell are absent', () => {
  expect(parseFacts('')).toMatchObject({ uid: -1, sudo: false, systemd: null, podman: null, agent: null });
});

test('a machine of limited size is as big as it was made', () => {
  expect(parseFacts(`${output}size {"cpus":1,"memoryBytes":268435456}\n`)).toMatchObject({
    cpus: 1,
    memoryBytes: 268_435_456,
  });
});

test('a machine that has all is found well', () => {
  expect(judge(good, expected).filter(({ status }) => status !== 'ok')).toEqual([]);
});

describe('findings', () => {
  test.each([
    [{ uid: 1000 }, 'root', 'ok: sudo without a password'],
    [{ uid: 1000, sudo: false }, 'root', 'missing: neither root nor sudo without a password'],
    [
      { os: { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' } },
      'system',
      'too-old: Debian GNU/Linux 12 (bookworm) is too old',
    ],
    [
      { os: { id: 'debian', version: '', name: 'Debian GNU/Linux forky/sid' } },
      'system',
      'ok: Debian GNU/Linux forky/sid, x86_64',
    ],
    [
      { os: { id: 'ubuntu', version: '24.04', name: 'Ubuntu 24.04 LTS' } },
      'system',
      'too-old: Ubuntu 24.04 LTS is too old',
    ],
    [
      { os: { id: 'ubuntu', version: '26.04', name: 'Ubuntu 26.04 LTS' } },
      'system',
      'ok: Ubuntu 26.04 LTS, x86_64',
    ],
    [
      { os: { id: 'fedora', version: '44', name: 'Fedora Linux 44' } },
      'system',
      'wrong: Fedora Linux 44 is not supported',
    ],
    [{ arch: 'riscv64' }, 'system', 'wrong: processors of kind riscv64 are not supported'],
    [{ systemd: null }, 'systemd', 'wrong: process 1 is not systemd'],
    [{ podman: null }, 'podman', 'missing: podman is not installed'],
    [
      { podman: '4.3.1' },
      'podman',
      'too-old: podman 4.3.1 is too old: its Quadlet lacks what containers here need',
    ],
    [{ missingPackages: ['crun', 'podman'] }, 'packages', 'missing: packages are missing: crun'],
    [{ diskFreeBytes: 1024 ** 3 }, 'disk', 'warn: only 1 GiB of disk free'],
    [{ memoryBytes: 128 * 1024 ** 2 }, 'memory', 'warn: only 128 MiB of memory, 2 processors'],
    [
      { nowMs: 1_000_000 + 90_000 },
      'clock',
      'wrong: its clock is 1 m 30 s ahead: certificates would not be valid',
    ],
    [
      { nowMs: 1_000_000 - 90_000 },
      'clock',
      'wrong: its clock is 1 m 29 s behind: certificates would not be valid',
    ],
    [{ ports: [22, 5000] }, 'ports', 'warn: something listens on TCP port 5000 already'],
    [{ agent: { machine: 'a', server: 'https://x' } }, 'agent', 'ok: agent of this fleet, as a'],
  ] as const)('of %j about %s is "%s"', (facts, id, said) => {
    expect(about(facts, id)).toBe(said);
  });

  test('an agent of another fleet is never taken over', () => {
    const agent = { machine: 'a', server: 'https://other' };
    expect(about({ agent }, 'agent', { server: 'https://mine' })).toBe(
      'wrong: it is a of another fleet, whose server is https://other',
    );
    expect(about({ agent }, 'agent', { server: 'https://other' })).toBe('ok: agent of this fleet, as a');
  });

  test('what can be installed is no obstacle, and everything else has a fix', () => {
    const bad: SshFacts = {
      ...good,
      uid: 1,
      sudo: false,
      podman: null,
      nft: false,
      systemd: null,
      nowMs: 0,
      diskFreeBytes: 1,
    };
    const findings = judge(bad, expected);
    expect(obstacles(findings).map(({ id }) => id)).toEqual(['root', 'systemd', 'clock']);
    expect(findings.filter(({ status, fix, packages }) => status !== 'ok' && !fix && !packages)).toEqual([]);
  });
});
