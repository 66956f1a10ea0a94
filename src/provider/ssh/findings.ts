import { showDuration } from '#base/duration.ts';
import { showSize } from '#base/size.ts';
import type { SshFacts } from './facts.ts';

export interface Finding {
  readonly id:
    | 'reachable'
    | 'root'
    | 'system'
    | 'systemd'
    | 'cgroups'
    | 'podman'
    | 'nftables'
    | 'packages'
    | 'disk'
    | 'memory'
    | 'clock'
    | 'ports'
    | 'agent';
  /** `missing` with `packages`: preparing installs it. `warn` hinders nothing. All else must be mended by people. */
  readonly status: 'ok' | 'missing' | 'too-old' | 'wrong' | 'warn';
  readonly what: string;
  readonly fix?: string;
  /** What preparing installs. */
  readonly packages?: readonly string[];
}

export interface Expectation {
  /** Clock of this computer when the facts were taken, in ms, and how long the taking took. */
  readonly nowMs: number;
  readonly tookMs: number;
  /** TCP ports that must be free for what the machine is to do. */
  readonly ports: readonly number[];
  /** URL of the server that the machine's agent is to dial; an agent of another is another fleet's. */
  readonly server?: string;
}

/** What Ballast needs on a machine; the rest comes with these. */
export const neededPackages: readonly string[] = [
  'aardvark-dns',
  'ca-certificates',
  'catatonit',
  'conntrack',
  'crun',
  'dbus',
  'dnsmasq-base',
  'iproute2',
  'libatomic1',
  'netavark',
  'nftables',
  'podman',
  'procps',
  'uidmap',
];

const podmanMajorMin = 5;
const diskBytesMin = 2 * 1024 ** 3;
const memoryBytesMin = 256 * 1024 ** 2;
const skewMsMax = 30_000;

/** First release of each distribution whose podman has all of Quadlet. */
const releases: Readonly<Record<string, { readonly name: string; readonly first: number }>> = {
  debian: { name: 'Debian', first: 13 },
  ubuntu: { name: 'Ubuntu', first: 25.04 },
};

/** What the facts mean for Ballast, in the order in which people should read them. */
export function judge(facts: SshFacts, expected: Expectation): Finding[] {
  return [
    { id: 'reachable', status: 'ok', what: `reachable in ${showDuration(expected.tookMs)}` },
    root(facts),
    system(facts),
    facts.systemd === null
      ? {
          id: 'systemd',
          status: 'wrong',
          what: 'process 1 is not systemd',
          fix: 'use a system that boots with systemd',
        }
      : { id: 'systemd', status: 'ok', what: `systemd ${facts.systemd}` },
    facts.cgroup === 2
      ? { id: 'cgroups', status: 'ok', what: 'cgroups version 2' }
      : {
          id: 'cgroups',
          status: 'warn',
          what: 'cgroups version 1, which has no pressure and out-of-memory reports',
          fix: 'boot without systemd.unified_cgroup_hierarchy=0',
        },
    podman(facts),
    facts.nft
      ? { id: 'nftables', status: 'ok', what: 'nftables' }
      : { id: 'nftables', status: 'missing', what: 'nftables is not installed', packages: ['nftables'] },
    packages(facts),
    disk(facts),
    memory(facts),
    clock(facts, expected),
    ports(facts, expected),
    agent(facts, expected),
  ];
}

/** Findings that preparing the machine cannot mend. */
export const obstacles = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ status, packages }) => status !== 'ok' && status !== 'warn' && packages === undefined);

function root({ uid, sudo }: SshFacts): Finding {
  if (uid === 0) return { id: 'root', status: 'ok', what: 'logged in as root' };
  if (sudo) return { id: 'root', status: 'ok', what: 'sudo without a password' };
  return {
    id: 'root',
    status: 'missing',
    what: 'neither root nor sudo without a password',
    fix: 'log in as root, or let the user: echo "USER ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/ballast',
  };
}

function system({ os, arch }: SshFacts): Finding {
  const known = releases[os.id];
  const wanted = Object.values(releases)
    .map(({ name, first }) => `${name} ${first} or newer`)
    .join(', or ');
  if (!known)
    return { id: 'system', status: 'wrong', what: `${os.name} is not supported`, fix: `install ${wanted}` };
  // Testing and unstable have no version: they are newer than any.
  if (os.version !== '' && Number(os.version) < known.first) {
    return { id: 'system', status: 'too-old', what: `${os.name} is too old`, fix: `upgrade to ${wanted}` };
  }
  if (arch !== 'x86_64' && arch !== 'aarch64') {
    return { id: 'system', status: 'wrong', what: `processors of kind ${arch} are not supported` };
  }
  return { id: 'system', status: 'ok', what: `${os.name}, ${arch}` };
}

function podman({ podman: version }: SshFacts): Finding {
  if (version === null) {
    return { id: 'podman', status: 'missing', what: 'podman is not installed', packages: ['podman'] };
  }
  if (Number.parseInt(version, 10) < podmanMajorMin) {
    return {
      id: 'podman',
      status: 'too-old',
      what: `podman ${version} is too old: its Quadlet lacks what containers here need`,
      fix: `install podman ${podmanMajorMin} or newer, which newer releases of the system have`,
    };
  }
  return { id: 'podman', status: 'ok', what: `podman ${version}` };
}

function packages({ missingPackages }: SshFacts): Finding {
  const others = missingPackages.filter((name) => name !== 'podman' && name !== 'nftables');
  if (others.length === 0) return { id: 'packages', status: 'ok', what: 'all other packages are installed' };
  return {
    id: 'packages',
    status: 'missing',
    what: `packages are missing: ${others.join(', ')}`,
    packages: others,
  };
}

function disk({ diskFreeBytes: free }: SshFacts): Finding {
  const what = `${showSize(free)} of disk free`;
  if (free >= diskBytesMin) return { id: 'disk', status: 'ok', what };
  return {
    id: 'disk',
    status: 'warn',
    what: `only ${what}`,
    fix: 'images and volumes are under /var/lib: make room',
  };
}

function memory({ memoryBytes, cpus }: SshFacts): Finding {
  const what = `${showSize(memoryBytes)} of memory, ${cpus} processors`;
  if (memoryBytes >= memoryBytesMin) return { id: 'memory', status: 'ok', what };
  return {
    id: 'memory',
    status: 'warn',
    what: `only ${what}`,
    fix: `give it ${showSize(memoryBytesMin)} or more`,
  };
}

function clock({ nowMs }: SshFacts, expected: Expectation): Finding {
  // Its clock was read at some moment between asking and the answer.
  const ahead = nowMs - expected.nowMs;
  const skew = ahead > 0 ? ahead : Math.max(0, -ahead - expected.tookMs);
  if (skew <= skewMsMax)
    return { id: 'clock', status: 'ok', what: `clock right within ${showDuration(skew)}` };
  return {
    id: 'clock',
    status: 'wrong',
    what: `its clock is ${showDuration(skew)} ${ahead > 0 ? 'ahead' : 'behind'}: certificates would not be valid`,
    fix: 'let it keep time: apt-get install systemd-timesyncd',
  };
}

function ports(facts: SshFacts, expected: Expectation): Finding {
  const taken = facts.agent ? [] : expected.ports.filter((port) => facts.ports.includes(port));
  if (taken.length === 0) return { id: 'ports', status: 'ok', what: 'needed ports are free' };
  return {
    id: 'ports',
    status: 'warn',
    what: `something listens on TCP port ${taken.join(', ')} already`,
    fix: `see what: ss -ltnp 'sport = :${taken[0]}'`,
  };
}

function agent({ agent: there }: SshFacts, { server }: Expectation): Finding {
  if (there === null) return { id: 'agent', status: 'ok', what: 'no agent yet' };
  if (server === undefined || there.server === server) {
    return { id: 'agent', status: 'ok', what: `agent of this fleet, as ${there.machine}` };
  }
  return {
    id: 'agent',
    status: 'wrong',
    what: `it is ${there.machine} of another fleet, whose server is ${there.server}`,
    fix: 'take it out there first: ballast machine rm; or, if that fleet is gone, remove /etc/ballast/agent.json',
  };
}
