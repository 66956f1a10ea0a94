import { upstreamName } from './names.ts';
import type { IngressRoute } from './routes.ts';

/** A JSON object of Caddy's configuration. */
export type Part = Readonly<Record<string, unknown>>;

/** How soon a replica that drains gets no more requests, and a new one its first. */
const refresh = '250ms';

/**
 * Handlers that lead requests to a service's replicas, whose addresses come from the machine's name server: they may
 * change without this configuration. When that is silent, the service's virtual address stands in.
 *
 * A request without a body is tried again with another replica until one answers. One with a body is not: Caddy 2.6
 * has read from it by then, and would count its own failure as the next replica's. Nobody is taken out for failing,
 * since a client that breaks off its upload would look just like it.
 */
export function proxyRoutes(route: IngressRoute, resolver: string): readonly Part[] {
  const match = { host: route.hosts, ...pathMatch(route.pathPrefix) };
  const proxy = proxyOf(route, resolver);
  const again = { ...balancing, try_duration: '5s', try_interval: '100ms' };
  return [
    {
      match: [{ ...match, method: ['GET', 'HEAD', 'OPTIONS'] }],
      handle: [{ ...proxy, load_balancing: again }],
      terminal: true,
    },
    { match: [match], handle: [{ ...proxy, load_balancing: balancing }], terminal: true },
  ];
}

const balancing = { selection_policy: { policy: 'round_robin' } };

export const pathMatch = (prefix: string): Part => (prefix === '/' ? {} : { path: [prefix, `${prefix}/*`] });

const proxyOf = (route: IngressRoute, resolver: string): Part => ({
  handler: 'reverse_proxy',
  dynamic_upstreams: {
    source: 'a',
    name: upstreamName(route),
    port: String(route.port),
    refresh,
    dial_timeout: '500ms',
    resolver: { addresses: [`${resolver}:53`] },
  },
  ...(route.vip === undefined ? {} : { upstreams: [{ dial: `${route.vip}:${route.port}` }] }),
  transport: {
    protocol: 'http',
    dial_timeout: '1s',
    // Shorter than servers keep theirs, so that none closes a connection just as a request goes out on it.
    keep_alive: { idle_timeout: '1500ms', max_idle_conns_per_host: 256 },
    compression: false,
  },
});
