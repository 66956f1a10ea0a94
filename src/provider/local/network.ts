import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { must } from '#base/assert.ts';
import { type Cidr, nthAddress, parseCidr, showCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { exec, run } from '#host/exec.ts';
import { allowWatching } from './inotify.ts';
import { withLock } from './lock.ts';
import { isMounted } from './mounts.ts';
import { fleetName, linkOf, portOf } from './names.ts';
import { bridge } from './nspawn.ts';

export interface LocalNetwork {
  readonly namespace: string;
  /** Root-side end of the pair that leads to the machines: all traffic to them leaves by it. */
  readonly link: string;
  /** The address of this computer on the machines' network: its last usable one. */
  readonly gateway: string;
  readonly cidr: Cidr;
}

/** Higher than any route's: it counts only when the link is gone, and then nothing may go elsewhere. */
const lastMetric = 4_278_198_272;
const uplink = 'uplink';

/** The network that local machines of a fleet have, from its text such as `10.90.0.0/24`. */
export function localNetwork(fleet: string, text: string): LocalNetwork {
  const cidr = parseCidr(text);
  if (!cidr || cidr.bits > 29) {
    throw new BallastError('bad-file', `${text} is no network for machines`, {
      fix: 'give an IPv4 network of at least 8 addresses, such as 10.90.0.0/24',
    });
  }
  return {
    namespace: fleetName(fleet),
    link: linkOf(fleet),
    gateway: must(nthAddress(cidr, -2), 'gateway'),
    cidr,
  };
}

/** Makes the network, or what of it is missing. */
export async function networkUp(network: LocalNetwork, signal: AbortSignal): Promise<void> {
  if (isUp(network)) return;
  await withLock(`network ${network.namespace}`, signal, async () => {
    if (isUp(network)) return;
    await refuseUsedNetwork(network, signal);
    await loadModules(signal);
    allowWatching();
    const { namespace, link } = network;
    const handle = `/run/netns/${namespace}`;
    if (!isMounted(handle)) {
      rmSync(handle, { force: true });
      await run(['ip', 'netns', 'add', namespace], { signal });
    }
    if (!(await linkExists(namespace, bridge, signal))) {
      await inNamespace(namespace, ['nft', '-f', '-'], cutTable, signal);
      await inNamespace(namespace, ['sysctl', '-q', '-e', '-w', ...bridgeSysctls], undefined, signal);
      await ip(['-n', namespace], insideCommands, signal);
    }
    await ip([], rootCommands(network, existsSync(`/sys/class/net/${link}`)), signal);
    await ip(['-n', namespace], [`link set ${uplink} master ${bridge} up`], signal);
    // Machines may speak with this computer and not through it, whatever routes they set themselves.
    writeFileSync(`/proc/sys/net/ipv4/conf/${link}/forwarding`, '0');
  });
}

/** Takes the network away, in whatever state it is. Machines that still run lose it. */
export async function networkDown(network: LocalNetwork, signal: AbortSignal): Promise<void> {
  const { namespace, link, cidr } = network;
  await withLock(`network ${namespace}`, signal, async () => {
    if (existsSync(`/sys/class/net/${link}`)) await run(['ip', 'link', 'del', link], { signal });
    await exec(['ip', 'route', 'del', 'unreachable', showCidr(cidr), 'metric', String(lastMetric)], {
      signal,
    });
    const handle = `/run/netns/${namespace}`;
    if (isMounted(handle)) await run(['ip', 'netns', 'del', namespace], { signal });
    rmSync(handle, { force: true });
  });
}

/** Cuts a machine off the network, or joins it again. It holds over the machine's reboots. */
export async function setPartition(
  network: LocalNetwork,
  address: string,
  cut: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!isMounted(`/run/netns/${network.namespace}`)) return;
  const element = `element bridge ballast cut { "${portOf(address)}" }`;
  // Deleting what is absent is an error, adding what is there is not.
  const rules = `add ${element}\n${cut ? '' : `delete ${element}\n`}`;
  await inNamespace(network.namespace, ['nft', '-f', '-'], rules, signal);
}

/** Whether all is there, found out without starting a process. */
const isUp = (network: LocalNetwork): boolean =>
  isMounted(`/run/netns/${network.namespace}`) &&
  hasGateway(network.link, network) &&
  hasBarrier(readFileSync('/proc/net/route', 'utf8'), network.cidr);

const hasGateway = (link: string, { gateway }: LocalNetwork): boolean =>
  (networkInterfaces()[link] ?? []).some(({ address }) => address === gateway);

/** Whether the table of routes, the text of /proc/net/route, has the unreachable route for when the link is gone. */
export function hasBarrier(table: string, { base, bits }: Cidr): boolean {
  const rejects = 0x200;
  return table.split('\n').some((line) => {
    const [link, destination = '', , flags = '', , , , mask = ''] = line.split('\t');
    return (
      link === '*' &&
      (Number.parseInt(flags, 16) & rejects) !== 0 &&
      fromLittleEndian(destination) === base &&
      fromLittleEndian(mask) === 2 ** 32 - 2 ** (32 - bits)
    );
  });
}

/** The kernel prints addresses as the numbers they are in the memory of a little-endian processor. */
const fromLittleEndian = (hex: string): number =>
  Number.parseInt((hex.match(/../g) ?? []).reverse().join(''), 16);

/** Frames of machines that are cut off are dropped at the bridge: their own links stay up, as behind a switch. */
const cutTable = `table bridge ballast {
  set cut { type ifname; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname @cut drop
    oifname @cut drop
  }
}
`;

/** Frames that the bridge forwards are no business of this namespace's packet filter. */
const bridgeSysctls = ['iptables', 'ip6tables', 'arptables'].map(
  (name) => `net.bridge.bridge-nf-call-${name}=0`,
);

const insideCommands = [
  'link set lo up',
  `link add ${bridge} type bridge stp_state 0 forward_delay 0`,
  `link set ${bridge} up`,
];

function rootCommands({ namespace, link, gateway, cidr }: LocalNetwork, linked: boolean): string[] {
  return [
    `route replace unreachable ${showCidr(cidr)} metric ${lastMetric}`,
    ...(linked ? [] : [`link add ${link} type veth peer name ${uplink} netns ${namespace}`]),
    `addr replace ${gateway}/${cidr.bits} dev ${link}`,
    `link set ${link} up`,
  ];
}

const ip = (flags: readonly string[], commands: readonly string[], signal: AbortSignal): Promise<string> =>
  run(['ip', ...flags, '-batch', '-'], { input: `${commands.join('\n')}\n`, signal });

const inNamespace = (
  namespace: string,
  argv: readonly string[],
  input: string | undefined,
  signal: AbortSignal,
): Promise<string> =>
  run(['nsenter', `--net=/run/netns/${namespace}`, '--', ...argv], {
    signal,
    ...(input === undefined ? {} : { input }),
  });

async function linkExists(namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
  return (await exec(['ip', '-n', namespace, 'link', 'show', name], { signal })).code === 0;
}

interface Route {
  readonly type?: string;
  readonly dst: string;
  readonly dev?: string;
}

/** Another use of these addresses on this computer would lose its traffic to the machines. */
async function refuseUsedNetwork({ link, cidr }: LocalNetwork, signal: AbortSignal): Promise<void> {
  const answers = await Promise.all(
    ['root', 'match'].map((how) => run(['ip', '-j', 'route', 'show', how, showCidr(cidr)], { signal })),
  );
  const routes = answers.flatMap((text) => JSON.parse(text || '[]') as Route[]);
  const other = routes.find(
    ({ dst, dev, type }) => dst !== 'default' && dev !== link && type !== 'unreachable',
  );
  if (!other) return;
  throw new BallastError('conflict', `the network ${showCidr(cidr)} is in use on this computer`, {
    why: `there is a route to ${other.dst}${other.dev ? ` through ${other.dev}` : ''}`,
    fix: 'give the fleet another machine network: `network: { machines: 10.98.0.0/24 }` in the fleet file',
  });
}

/** Machines may not load modules; where the kernel has some, those that they need are loaded for them. */
async function loadModules(signal: AbortSignal): Promise<void> {
  if (!existsSync('/proc/modules') || readFileSync('/proc/modules', 'utf8') === '') return;
  const modules = ['overlay', 'veth', 'bridge', 'br_netfilter', 'nf_tables', 'nf_nat', 'tun', 'wireguard'];
  for (const name of modules) await exec(['modprobe', '--quiet', name], { signal }).catch(() => {});
}
