import { contains, parseCidr } from '#base/cidr.ts';
import { fitsGlob } from '#base/glob.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import { allMachines, type PortRange, type SecurityPeer } from '#spec/security-model.ts';

/** The part of a machine that rules are about. */
export interface Neighbour {
  readonly name: string;
  readonly address: string;
}

/** Whether a machine belongs to a group: by its name, by its pool, or because all do. */
export function belongs(fleet: FleetModel, group: string, machine: string): boolean {
  if (group === allMachines) return true;
  return (
    (fleet.securityGroups?.[group]?.machines ?? []).some((pattern) => fitsGlob(machine, pattern)) ||
    (poolOf(fleet, machine)?.securityGroups ?? []).includes(group)
  );
}

/** Where peers are: networks in CIDR form, none within another; or anywhere. */
export function placesOf(
  fleet: FleetModel,
  peers: readonly SecurityPeer[],
  machines: readonly Neighbour[],
): readonly string[] | 'any' {
  if (peers.some(({ kind }) => kind === 'any')) return 'any';
  const all = peers.flatMap((peer) => {
    if (peer.kind === 'cidr') return [peer.cidr];
    if (peer.kind === 'any') return [];
    const own = machines.filter(({ name }) => belongs(fleet, peer.group, name));
    return [
      ...(fleet.securityGroups?.[peer.group]?.cidrs ?? []),
      ...own.map(({ address }) => `${address}/32`),
    ];
  });
  return outermost(all);
}

/** nft takes no network beside one that holds it. */
export function outermost(cidrs: readonly string[]): readonly string[] {
  const known = [...new Set(cidrs)].flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [{ text, cidr }];
  });
  return known
    .filter((one) => !known.some((other) => other !== one && contains(other.cidr, one.cidr)))
    .sort((a, b) => a.cidr.base - b.cidr.base)
    .map(({ text }) => text);
}

/** Ranges of one protocol in order, none touching another. */
export function joined(ranges: readonly PortRange[]): readonly PortRange[] {
  const found: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last === undefined || range.from > last.to + 1) found.push(range);
    else found[found.length - 1] = { ...last, to: Math.max(last.to, range.to) };
  }
  return found;
}
