import { expect, test } from 'vitest';
import { caddyText } from './caddy.ts';
import { upstreamNames } from './names.ts';
import type { IngressRoute } from './routes.ts';

const route: IngressRoute = {
  ...{ app: 'shop', service: 'web', hosts: ['shop.test'], pathPrefix: '/', port: 8080 },
  ...{ tls: { kind: 'internal' }, redirect: true, redirectFrom: [], replicas: ['10.91.1.2'] },
  ...{ vip: '10.92.0.1', origin: 'compose.yaml:1:1' },
};

interface Found {
  readonly match?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly handle: readonly Readonly<Record<string, unknown>>[];
}

interface Config {
  readonly apps: {
    readonly http: { readonly servers: Readonly<Record<string, { readonly routes: readonly Found[] }>> };
    readonly tls?: {
      readonly certificates: { readonly load_files: readonly { readonly tags: readonly string[] }[] };
    };
  };
}

const configOf = (...routes: readonly IngressRoute[]): Config =>
  JSON.parse(
    caddyText({ routes, certified: new Set(routes.flatMap(({ hosts }) => hosts)), resolver: '10.91.1.1' }),
  ) as Config;

/** Hosts, paths and what is done, of the routes of a server that stand for hosts. */
const told = (config: Config, server: string) =>
  (config.apps.http.servers[server]?.routes ?? []).flatMap(({ match = [], handle }) =>
    match.flatMap(({ host, path }) =>
      host === undefined
        ? []
        : [
            [...host, ...(path ?? []), handle[0]?.['handler'], locationOf(handle[0])].filter(
              (word) => word !== undefined,
            ),
          ],
    ),
  );

const locationOf = (handler: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  (handler?.['headers'] as { readonly Location?: readonly string[] } | undefined)?.Location?.[0];

test('replicas that come and go change the names and nothing else', () => {
  const more = { ...route, replicas: ['10.91.1.3', '10.91.2.3'] };
  const text = (one: IngressRoute): string =>
    caddyText({ routes: [one], certified: new Set(), resolver: '10.91.1.1' });
  expect(text(more)).toBe(text(route));
  expect(upstreamNames([more])).toBe(
    '10.91.1.3 web.8080.shop._ingress.internal\n10.91.2.3 web.8080.shop._ingress.internal\n',
  );
});

test('with TLS, plain HTTP is sent on', () => {
  const config = configOf(route);
  expect(told(config, 'http')).toEqual([
    ['shop.test', 'static_response', 'https://{http.request.host}{http.request.uri}'],
  ]);
  expect(told(config, 'https')).toEqual([
    ['shop.test', 'reverse_proxy'],
    ['shop.test', 'reverse_proxy'],
  ]);
});

test('without TLS nothing listens for it', () => {
  const config = configOf({ ...route, tls: { kind: 'off' }, redirect: false });
  expect(Object.keys(config.apps.http.servers)).toEqual(['http']);
  expect(config.apps.tls).toBeUndefined();
});

test('other names are sent to the first', () => {
  const config = configOf({ ...route, redirectFrom: ['www.shop.test'] });
  for (const server of ['http', 'https']) {
    expect(told(config, server)[0]).toEqual([
      'www.shop.test',
      'static_response',
      'https://shop.test{http.request.uri}',
    ]);
  }
});

test('longer paths go first, and named hosts before those that a star stands for', () => {
  const star = { ...route, hosts: ['*.test'], service: 'star' };
  const api = { ...route, pathPrefix: '/api', service: 'api' };
  const found = told(configOf(star, route, api), 'https').map(
    ([host, path]) => `${String(host)} ${String(path)}`,
  );
  expect([...new Set(found)]).toEqual(['shop.test /api', 'shop.test reverse_proxy', '*.test reverse_proxy']);
});

test('challenges are answered for names with tls: auto only, before anything is sent on', () => {
  const auto = { ...route, tls: { kind: 'auto' as const }, hosts: ['auto.test'] };
  const [first] = told(configOf(route, auto), 'http');
  expect(first).toEqual(['auto.test', '/.well-known/acme-challenge/*', 'rewrite']);
});

test('only certificates that are there are loaded', () => {
  const text = caddyText({
    routes: [route, { ...route, hosts: ['new.test'] }],
    certified: new Set(['shop.test']),
    resolver: '10.91.1.1',
  });
  const { tls } = (JSON.parse(text) as Config).apps;
  expect(tls?.certificates.load_files.flatMap(({ tags }) => tags)).toEqual(['shop.test']);
});

test('nobody outside is asked for anything', () => {
  const text = JSON.stringify(configOf(route));
  expect(text).toContain('"automatic_https":{"disable":true}');
  expect(text).toContain('"disable_ocsp_stapling":true');
  expect(text).not.toContain('"automation"');
});
