import type { IngressRoute } from './routes.ts';

/**
 * The name by which ingress finds a service's replicas one by one. An underscore keeps it apart from all names that
 * containers know. The port is part of it: what does not answer on it is not asked.
 */
export const upstreamName = ({
  app,
  service,
  port,
}: Pick<IngressRoute, 'app' | 'service' | 'port'>): string =>
  `${service}.${port}.${app}._ingress.internal`.toLowerCase();

/** Lines for the machine's own name server: replicas come and go without a word to the proxy. */
export function upstreamNames(routes: readonly IngressRoute[]): string {
  const lines = routes.flatMap((route) =>
    route.replicas.map((address) => `${address} ${upstreamName(route)}\n`),
  );
  return [...new Set(lines)].sort().join('');
}
