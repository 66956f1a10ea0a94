import { must } from '#base/assert.ts';
import { isClosed, meshOf, roundInUse, roundsOf } from '#plan/mesh.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import type { FileResource, MeshPeer, MeshResource, Resource } from './manifest.ts';
import { unitText, upScript } from './mesh-unit.ts';
import { debianPackage, file, runningUnit } from './resources.ts';

/** Keys of two rounds can be in use at a time, each on an interface of its own. */
const slots = [
  { interface: 'ballast-mesh', port: 51_820 },
  { interface: 'ballast-mesh1', port: 51_821 },
] as const;

export type MeshSlot = (typeof slots)[number];

/** Odd rounds are on the first interface, even ones on the second. */
export const slotOf = (round: number): MeshSlot => (round % 2 === 1 ? slots[0] : slots[1]);

export const meshInterfaces: readonly string[] = slots.map((slot) => slot.interface);
export const meshPorts = { from: slots[0].port, to: slots[1].port } as const;
/** What is left of 1500 when WireGuard has taken its own, over IPv6 too. */
export const meshMtu = 1420;

const folder = '/etc/ballast/mesh';
const scriptPath = `${folder}/up`;
const origin = 'mesh';

/**
 * The encrypted network between machines: WireGuard interfaces without addresses of their own, over which the ways to
 * the other machines' containers lead. Each machine makes its keys itself; manifests hold none but public ones. The
 * unit makes the interface at boot, with the peers of a file; the resource of kind `mesh` holds both against change
 * and lets peers come and go without a restart.
 */
export function meshResources(policy: Policy, machine: string): Resource[] {
  const own = policy.machines[machine];
  const rounds = roundsOf(meshOf(policy));
  if (own?.mesh === undefined || rounds.length === 0) return [];
  const { wireguard } = own.mesh;
  const script = file(origin, scriptPath, { content: upScript(wireguard) }, { mode: 0o755 });
  return [
    debianPackage(origin, 'wireguard-tools'),
    ...(wireguard === 'user' ? [debianPackage(origin, 'wireguard-go')] : []),
    script,
    ...rounds.flatMap((round) => roundResources(policy, own, { round, script })),
  ];
}

/** Interfaces of the mesh that a machine has now. */
export const meshLinks = (policy: Policy, machine: string): readonly string[] =>
  policy.machines[machine]?.mesh === undefined
    ? []
    : roundsOf(meshOf(policy)).map((round) => slotOf(round).interface);

function roundResources(
  policy: Policy,
  own: MachineRecord,
  { round, script }: { readonly round: number; readonly script: FileResource },
): Resource[] {
  const { interface: name, port } = slotOf(round);
  const wireguard = must(own.mesh, 'its part in the mesh').wireguard;
  // The machine's number stands in it: one that joins another time never uses an old key.
  const keyFile = `${folder}/m${own.index}-r${round}.key`;
  const { gateway } = containerSubnet(policy.fleet, own.index);
  const peers = peersOf(policy, own.name, round);
  const peersFile = file(origin, `${folder}/${name}.conf`, { content: peersText(peers) });
  const unit = `${name}.service`;
  const content = unitText({ name, port, keyFile, gateway, wireguard, script: scriptPath });
  const unitFile = file(origin, `/etc/systemd/system/${unit}`, { content });
  const mesh: MeshResource = {
    ...{ kind: 'mesh', id: `mesh:${name}`, interface: name, unit, round, port, keyFile, peers, origin },
    ...(own.mesh?.keys[round] === undefined ? {} : { publicKey: own.mesh.keys[round] }),
    after: [`unit:${unit}`],
  };
  return [
    peersFile,
    unitFile,
    // Not for the peers' file: they come and go while it runs.
    runningUnit(origin, unit, [unitFile, script], {
      after: [peersFile.id, 'package:wireguard-tools', 'package:wireguard-go', 'package:iproute2'],
    }),
    mesh,
  ];
}

/** The other machines whose key of a round is known. */
function peersOf(policy: Policy, machine: string, round: number): readonly MeshPeer[] {
  const { port } = slotOf(round);
  return others(policy, machine).flatMap(({ name, index, address, mesh }): MeshPeer[] => {
    const publicKey = mesh?.keys[round];
    if (publicKey === undefined) return [];
    const { cidr, gateway } = containerSubnet(policy.fleet, index);
    return [{ machine: name, publicKey, endpoint: `${address}:${port}`, subnet: cidr, gateway }];
  });
}

const others = (policy: Policy, machine: string): readonly MachineRecord[] =>
  Object.values(policy.machines)
    .filter(({ name, leaving }) => name !== machine && leaving === undefined)
    .sort((a, b) => a.index - b.index);

/** In the form of `wg setconf`, without the machine's own key. */
const peersText = (peers: readonly MeshPeer[]): string =>
  peers
    .map(
      ({ machine, publicKey, endpoint, subnet }) => `# ${machine}
[Peer]
PublicKey = ${publicKey}
Endpoint = ${endpoint}
AllowedIPs = ${subnet}
PersistentKeepalive = ${keepaliveSeconds}
`,
    )
    .join('');

/** Often enough for the routers of homes and clouds to remember the way back. */
export const keepaliveSeconds = 25;

/**
 * The interface by which a machine reaches another one's containers; undefined: without the mesh. `null`: not at all,
 * since the other machine has no key yet.
 */
export function meshWayTo(policy: Policy, machine: string, other: string): string | null | undefined {
  const state = meshOf(policy);
  const inUse = roundInUse(state);
  if (inUse === 0) return undefined;
  const has = (round: number): boolean =>
    [machine, other].every((name) => policy.machines[name]?.mesh?.keys[round] !== undefined);
  const round = [inUse, ...roundsOf(state)].find(has);
  return round === undefined ? null : slotOf(round).interface;
}

/** Whether containers' traffic that would go between machines in the clear is dropped. */
export const isMeshClosed = (policy: Policy): boolean => isClosed(meshOf(policy));

/** Whether machines have to be reached on the mesh's ports. */
export const hasMesh = (policy: Policy): boolean => roundsOf(meshOf(policy)).length > 0;
