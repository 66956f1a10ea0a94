import { blackholeProtocol, bridge, routeProtocol } from '#compile/network.ts';
import type { MachineNetwork } from '#plan/machine-network.ts';
import { ipJson } from './network-state.ts';

interface PrintedRoute {
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

const mostTold = 200;
/** Marks of routes that Ballast made, also when this machine was in a fleet before. */
const ours: ReadonlySet<string> = new Set([String(routeProtocol), String(blackholeProtocol)]);

/** Networks that the machine is on, or has a way to, apart from what Ballast made. */
export async function machineNetworks(): Promise<readonly MachineNetwork[]> {
  return networksIn((await ipJson<PrintedRoute>(['-4', 'route', 'show'])) ?? []);
}

/** Reads what `ip -json -4 route show` printed. */
export function networksIn(routes: readonly PrintedRoute[]): readonly MachineNetwork[] {
  const found = routes.flatMap(({ dst = '', gateway, dev = '', protocol }): MachineNetwork[] => {
    if (!/^[\d./]+$/.test(dst) || ours.has(protocol ?? '')) return [];
    if (dev === bridge || dev.startsWith('ballast')) return [];
    const cidr = dst.includes('/') ? dst : `${dst}/32`;
    return [{ interface: dev, cidr, ...(gateway === undefined ? {} : { routed: true }) }];
  });
  const sorted = found.toSorted((a, b) => (`${a.interface} ${a.cidr}` < `${b.interface} ${b.cidr}` ? -1 : 1));
  return sorted.slice(0, mostTold);
}
