import { routeProtocol } from '#compile/network.ts';
import { exec } from './exec.ts';

/** An interface as `ip` tells it. */
export interface LinkState {
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  /** Of global scope, with their prefix lengths. */
  readonly addresses: readonly string[];
}

/** A route as `ip` tells it, under the names that the manifest has for its parts. */
export interface RouteState {
  readonly to: string;
  readonly via: string | undefined;
  readonly dev: string | undefined;
  readonly source: string | undefined;
}

/** What `ip -json` prints of interfaces, as far as it is of interest. */
export interface PrintedLink {
  readonly ifname?: string;
  readonly flags?: readonly string[];
  readonly address?: string;
  readonly mtu?: number;
  readonly link_netnsid?: number;
  readonly addr_info?: readonly {
    readonly local?: string;
    readonly prefixlen?: number;
    readonly scope?: string;
  }[];
}

interface PrintedRoute {
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly prefsrc?: string;
}

/** Undefined: there is no such interface. */
export async function linkState(name: string): Promise<LinkState | undefined> {
  const printed = await ipJson<PrintedLink>(['address', 'show', 'dev', name]);
  const link = printed?.find(({ ifname }) => ifname === name);
  return link && parseLink(link);
}

export const parseLink = ({ flags = [], address = '', mtu = 0, addr_info = [] }: PrintedLink): LinkState => ({
  up: flags.includes('UP'),
  mac: address,
  mtu,
  addresses: addressesOf(addr_info).sort(),
});

const addressesOf = (all: NonNullable<PrintedLink['addr_info']>): string[] =>
  all.filter(({ scope }) => scope === 'global').map(({ local, prefixlen }) => `${local}/${prefixlen}`);

/** Routes that bear Ballast's mark, wherever they lead. */
export async function ownRoutes(): Promise<readonly RouteState[]> {
  const printed = await ipJson<PrintedRoute>(['-4', 'route', 'show', 'proto', String(routeProtocol)]);
  return (printed ?? []).map(({ dst = '', gateway, dev, prefsrc }) => ({
    ...{ to: dst, via: gateway, dev, source: prefsrc },
  }));
}

/**
 * Interfaces that lead into a container whose addresses are given, and that are on no bridge: their bridge was
 * deleted, or they were taken off it.
 */
export async function looseContainers(): Promise<
  readonly { readonly name: string; readonly addresses: readonly string[] }[]
> {
  const loose = (await ipJson<PrintedLink>(['link', 'show', 'type', 'veth', 'nomaster'])) ?? [];
  if (loose.length === 0) return [];
  const spaces = (await ipJson<{ readonly name: string; readonly id?: number }>(['netns', 'list'])) ?? [];
  return await Promise.all(
    loose
      .filter(({ flags = [] }) => flags.includes('UP'))
      .map(async ({ ifname = '', link_netnsid }) => {
        const space = spaces.find(({ id }) => id !== undefined && id === link_netnsid)?.name;
        const inside =
          space === undefined ? [] : await ipJson<PrintedLink>(['-netns', space, 'address', 'show']);
        return {
          name: ifname,
          addresses: (inside ?? []).flatMap(({ addr_info = [] }) => addressesOf(addr_info)),
        };
      }),
  );
}

/** Undefined when `ip` says that there is no such thing. */
export async function ipJson<T>(args: readonly string[]): Promise<readonly T[] | undefined> {
  const { code, stdout } = await exec(['ip', '-json', ...args], { timeoutMs: 20_000, keepBytes: 16 << 20 });
  if (code !== 0) return undefined;
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as readonly T[]);
}
