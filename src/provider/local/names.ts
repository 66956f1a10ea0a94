import { sha256Hex } from '#base/digest.ts';

/** Longest name the kernel takes for a network link. */
const linkNameMax = 15;

/** What everything of a fleet on this computer is called: its network namespace, root-side link and cgroups. */
export function fleetName(fleet: string): string {
  const name = `bl-${fleet}`;
  return name.length <= linkNameMax ? name : `${name.slice(0, 8)}-${sha256Hex(fleet).slice(0, 6)}`;
}

/** The link in the root namespace through which all traffic to a fleet's local machines must leave. */
export const linkOf = (fleet: string): string => fleetName(fleet);

/** How nspawn calls a machine: short, and unique on the fleet's network, because links are named after it. */
export const nspawnName = (address: string): string =>
  `m${address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')}`;

/** The machine's port on the bridge, as nspawn names it. */
export const portOf = (address: string): string => `vb-${nspawnName(address)}`;

/** Sockets live here and not beside the machines, because their paths must be short. */
export const runDirOf = (fleet: string): string => `/run/ballast/${fleetName(fleet)}`;

/** The transient unit that holds a machine's supervisor where systemd is process 1. */
export const unitOf = (fleet: string, machine: string): string => `${fleetName(fleet)}-${machine}.service`;
