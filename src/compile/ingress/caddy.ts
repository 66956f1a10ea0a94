import { namesOf } from '#spec/ingress-model.ts';
import { certificateName, certificatesFolder, challengesFolder, runFolder } from './places.ts';
import { type Part, pathMatch, proxyRoutes } from './proxy.ts';
import type { IngressRoute } from './routes.ts';

export interface CaddyInput {
  readonly routes: readonly IngressRoute[];
  /** Host names whose certificate is there. */
  readonly certified: ReadonlySet<string>;
  /** Address of the name server that knows the replicas. */
  readonly resolver: string;
}

/**
 * Caddy's whole configuration, as JSON. It asks nobody outside for anything: certificates are files, and what it may
 * be told comes through a socket. Replicas are no part of it, so that only a changed route changes it.
 */
export function caddyText(input: CaddyInput): string {
  return `${JSON.stringify(caddyConfig(input), null, 2)}\n`;
}

function caddyConfig({ routes, certified, resolver }: CaddyInput): Part {
  const ordered = [...routes].sort(byPrecedence);
  const secure = ordered.filter(({ tls }) => tls.kind !== 'off');
  const hosts = [...new Set(secure.flatMap(namesOf))].filter((host) => certified.has(host)).sort(byWideness);
  const servers = {
    http: { ...server(80), routes: [...always, ...plainRoutes(ordered, resolver), notFound] },
    ...(secure.length === 0
      ? {}
      : {
          https: {
            ...server(443),
            tls_connection_policies: hosts.length === 0 ? [nobody] : hosts.map(policyFor),
            routes: [...always, ...secure.flatMap((route) => routesOf(route, resolver)), notFound],
          },
        }),
  };
  return {
    admin: { listen: `unix/${runFolder}/admin.sock`, config: { persist: false } },
    logging,
    apps: {
      http: { grace_period: '30s', servers },
      ...(secure.length === 0
        ? {}
        : { tls: { certificates: { load_files: hosts.map(filesOf) }, disable_ocsp_stapling: true } }),
    },
  };
}

/** A host that is named goes before a star, a longer path before a shorter one. */
const byPrecedence = (a: IngressRoute, b: IngressRoute): number =>
  Number(a.hosts.some(isWide)) - Number(b.hosts.some(isWide)) ||
  b.pathPrefix.length - a.pathPrefix.length ||
  ((a.hosts[0] ?? '') + a.pathPrefix < (b.hosts[0] ?? '') + b.pathPrefix ? -1 : 1);

const isWide = (host: string): boolean => host.startsWith('*.');

const byWideness = (a: string, b: string): number =>
  Number(isWide(a)) - Number(isWide(b)) || (a < b ? -1 : 1);

const server = (port: number): Part => ({
  listen: [`:${port}`],
  protocols: ['h1', 'h2'],
  automatic_https: { disable: true },
  read_header_timeout: '20s',
  idle_timeout: '2m',
  logs: {},
});

/**
 * While a file says so, every answer ends its connection in good order. A new configuration closes connections that
 * wait for their next request; after a while of this none does that still is in use.
 */
const always: readonly Part[] = [
  {
    match: [{ file: { root: runFolder, try_files: ['/draining'] } }],
    handle: [{ handler: 'headers', response: { deferred: true, set: { Connection: ['close'] } } }],
  },
];

const notFound: Part = {
  handle: [{ handler: 'static_response', status_code: 404, body: 'There is no such host or path here.\n' }],
};

/** What is answered without TLS. */
function plainRoutes(routes: readonly IngressRoute[], resolver: string): readonly Part[] {
  const proven = [...new Set(routes.filter(({ tls }) => tls.kind === 'auto').flatMap(namesOf))].sort();
  return [
    ...(proven.length === 0 ? [] : [challengeRoute(proven)]),
    ...routes.flatMap((route) => {
      if (!route.redirect) return routesOf(route, resolver);
      const { hosts, pathPrefix } = route;
      return [
        ...awayRoutes(route),
        { ...sendTo('https://{http.request.host}'), match: [{ host: hosts, ...pathMatch(pathPrefix) }] },
      ];
    }),
  ];
}

const routesOf = (route: IngressRoute, resolver: string): readonly Part[] => [
  ...awayRoutes(route),
  ...proxyRoutes(route, resolver),
];

function awayRoutes({ hosts, redirectFrom, tls }: IngressRoute): readonly Part[] {
  if (redirectFrom.length === 0) return [];
  const scheme = tls.kind === 'off' ? 'http' : 'https';
  return [{ match: [{ host: redirectFrom }], ...sendTo(`${scheme}://${hosts[0] ?? ''}`) }];
}

const sendTo = (base: string): Part => ({
  handle: [
    {
      handler: 'static_response',
      status_code: 308,
      headers: { Location: [`${base}{http.request.uri}`] },
    },
  ],
  terminal: true,
});

/** By these files the world sees that a host name is ours. They come and go without a new configuration. */
const challengeRoute = (hosts: readonly string[]): Part => ({
  match: [{ host: hosts, path: ['/.well-known/acme-challenge/*'] }],
  handle: [
    { handler: 'rewrite', strip_path_prefix: '/.well-known/acme-challenge' },
    { handler: 'file_server', root: challengesFolder },
  ],
  terminal: true,
});

/** A handshake for a name that no policy speaks of is refused. */
const policyFor = (host: string): Part => ({
  match: { sni: [host] },
  certificate_selection: { any_tag: [host] },
});

const nobody: Part = { match: { sni: ['invalid'] } };

const filesOf = (host: string): Part => ({
  certificate: `${certificatesFolder}/${certificateName(host)}.crt`,
  key: `${certificatesFolder}/${certificateName(host)}.key`,
  tags: [host],
});

const logging: Part = {
  logs: {
    default: { level: 'WARN', exclude: ['http.log.access'], writer: { output: 'stderr' } },
    access: {
      include: ['http.log.access'],
      writer: { output: 'stdout' },
      encoder: {
        format: 'filter',
        wrap: { format: 'json' },
        // Headers may hold what nobody but the service is to know.
        fields: Object.fromEntries(
          ['request>headers', 'resp_headers', 'request>tls', 'user_id', 'logger', 'level'].map((field) => [
            field,
            { filter: 'delete' },
          ]),
        ),
      },
    },
  },
};
