import { randomBytes } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exec } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import type { IngressView } from '#wire/ingress-views.ts';
import { ask, askH2, certificateOf, digest, echo, get, load, type Place } from './ingress/client.ts';
import { eventually } from './support/ask.ts';

/*
 * The world reaches services by name on every machine: real machines, Caddy, and Caddy's own ACME server as the
 * authority.
 */

const signal = AbortSignal.timeout(10 * 60_000);
const machines = ['10.75.0.1', '10.75.0.2', '10.75.0.3'] as const;
const names = ['app-1', 'app-2', 'app-3'] as const;
const home = join(data, 'ing');
let fleet: LocalFleet;
let ca = '';

async function inside(machine: string, script: string): Promise<string> {
  const argv = await fleet.provider.inside(machine, signal);
  const { stdout, stderr } = await exec([...argv, 'sh', '-c', script], { signal, timeoutMs: 60_000 });
  return (stdout + stderr).trim();
}

async function ballast(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Writes an app of one service and its ways in, and deploys it. */
async function deploy(app: string, ingress: string, more = ''): Promise<void> {
  await ballast('deploy', '-f', await write(app, ingress, more));
}

async function write(app: string, ingress: string, more = ''): Promise<string> {
  const folder = join(home, 'apps', app);
  await mkdir(folder, { recursive: true });
  await cp(fileURLToPath(new URL('./ingress/', import.meta.url)), folder, { recursive: true });
  const path = join(folder, 'compose.yaml');
  await writeFile(
    path,
    `name: ${app}
services:
  web:
    build: .
    environment: { NAME: ${app} }
    stop_grace_period: 3s
    deploy: { replicas: ${app === 'shop' ? 3 : 1}, update_config: { order: start-first, monitor: 500ms } }
    x-ballast:
      health: { path: /healthz, port: 8080, interval: 500ms }
      ingress: ${ingress}
${more}`,
  );
  return path;
}

/** Waits until an app answers there: a machine takes up a route a moment after the deploy. */
const answers = async (place: Place, app: string): Promise<void> =>
  await eventually(signal, async () => (await get(place).catch(() => undefined))?.app === app);

const at = (host: string, machine: string = machines[0]): Place => ({ machine, host, ca });
const everywhere = (host: string): readonly Place[] => machines.map((machine) => at(host, machine));

/** How often Caddy was given another configuration, on all machines. */
async function reloads(): Promise<number> {
  const found = await Promise.all(
    names.map((name) => inside(name, 'journalctl -o cat -u ballast-ingress | grep -c ^Reloading; true')),
  );
  return found.reduce((sum, text) => sum + Number(text), 0);
}

const listed = async (): Promise<readonly IngressView[]> =>
  (JSON.parse(await ballast('ingress', 'ls', '--json')) as { routes: readonly IngressView[] }).routes;

beforeAll(async () => {
  await ensureBaseImages(['python:trixie'], () => {}, { signal });
  fleet = localFleet({
    ...{ name: 'ing', home, cache, executable, ownConfig: true },
    ...{ network: '10.75.0.0/24', machines: 3, port: 7723 },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  await fleet.provider.prepare(() => {}, signal);
  await fleet.startServer(signal);
  await ballast('deploy', '-f', fleet.fleetFile);
  await deploy('shop', '{ host: shop.example.com, port: 8080, redirect_from: www.shop.example.com }');
  await deploy('blog', '{ host: shop.example.com, path_prefix: /blog, port: 8080 }');
  ca = await ballast('ingress', 'ca');
}, 300_000);

afterAll(async () => {
  await fleet?.down();
}, 120_000);

test('a service is reached by its name over TLS on every machine', async () => {
  for (const place of everywhere('shop.example.com')) {
    expect(await get(place, { path: '/x?y=1' })).toMatchObject({ app: 'shop', path: '/x?y=1' });
  }
  const seen = new Set<string>();
  for (let n = 0; n < 12; n += 1) seen.add((await get(at('shop.example.com'))).replica);
  expect([...seen].sort()).toEqual(['shop-web-1', 'shop-web-2', 'shop-web-3']);
});

test('plain HTTP, and other names, are sent to where the service is', async () => {
  const plain = await ask({ machine: machines[1], host: 'shop.example.com' }, { path: '/a?b=c' });
  expect([plain.status, plain.headers['location']]).toEqual([308, 'https://shop.example.com/a?b=c']);
  const other = await ask(at('www.shop.example.com', machines[2]), { path: '/a' });
  expect([other.status, other.headers['location']]).toEqual([308, 'https://shop.example.com/a']);
});

test('a path prefix leads to another app, whole segments only', async () => {
  const app = async (path: string) => (await get(at('shop.example.com'), { path })).app;
  await eventually(signal, async () => (await app('/blog')) === 'blog');
  expect([await app('/blog'), await app('/blog/1'), await app('/blogs')]).toEqual(['blog', 'blog', 'shop']);
});

test('a host that nobody has is told so', async () => {
  expect((await ask({ machine: machines[0], host: 'nobody.example.com' })).status).toBe(404);
  expect(await certificateOf(machines[0], 'nobody.example.com')).toMatch(/ALERT|RESET/);
});

test('websockets, HTTP/2 and large uploads get through', async () => {
  expect(await echo(at('shop.example.com', machines[1]), 'hello')).toBe('hello');
  expect(await askH2(at('shop.example.com', machines[2]))).toMatchObject({ app: 'shop', path: '/h2' });
  const body = randomBytes(50 << 20);
  const { body: answer } = await ask(at('shop.example.com'), { method: 'POST', body });
  expect(JSON.parse(answer)).toEqual({ app: 'shop', size: body.length, sha256: digest(body) });
});

test('the service learns who asked, and nobody can pretend to be another', async () => {
  const forged = {
    'x-forwarded-for': '192.0.2.66',
    'x-forwarded-proto': 'gopher',
    'x-forwarded-host': 'evil',
  };
  const { headers } = await get(at('shop.example.com'), { headers: forged });
  expect(headers).toMatchObject({
    ...{ 'x-forwarded-for': '10.75.0.254', 'x-forwarded-proto': 'https' },
    ...{ 'x-forwarded-host': 'shop.example.com', host: 'shop.example.com' },
  });
});

test('requests can be looked up by host', async () => {
  await get(at('shop.example.com', machines[2]), { path: '/looked-up' });
  await eventually(signal, async () => {
    const lines = await ballast('logs', '--ingress', '--host', 'shop.example.com', '--no-prefix');
    return /^10\.75\.0\.254 GET shop\.example\.com\/looked-up HTTP\/1\.1 200 \d+B /m.test(lines);
  });
});

test('a port that a process of a machine has is refused with its name, before anything changes', async () => {
  const path = await write('early', '{ host: early.example.com, port: 8080 }');
  // The agent starts ingress again at once: whoever is quicker has the port.
  await inside(
    'app-2',
    `for n in 1 2 3 4 5 6; do
  systemctl stop ballast-ingress
  systemd-run --quiet --unit thief-$n busybox httpd -f -p 443
  sleep 0.5
  systemctl is-active --quiet thief-$n && break
done`,
  );
  const { code, stderr } = await fleet.ballast(['deploy', '-f', path], { signal });
  expect(code).not.toBe(0);
  expect(stderr).toMatch(
    /port 443\/tcp, which x-ballast\.ingress of service web needs, is taken on app-2 by busybox \(pid \d+, thief-\d\.service\)/,
  );
  expect(stderr).toMatch(/compose\.yaml:10:\d+/);
  await inside('app-2', 'systemctl stop "thief-*"');
  await answers(at('shop.example.com', machines[1]), 'shop');
});

test('what another app has, and what is no certificate for it, is refused before anything changes', async () => {
  const clash = await write('thief', '{ host: shop.example.com, path_prefix: /blog, port: 8080 }');
  const refused = await fleet.ballast(['deploy', '-f', clash], { signal });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/compose\.yaml:10:\d+/);
  expect(refused.stderr).toContain(
    'shop.example.com/blog of service web is taken by service web of app blog',
  );
  const authority = await openAuthority(await makeAuthority('elsewhere', Date.now()), Date.now);
  const [one, two] = [
    await authority.forServer(['given.example.com'], 86_400_000),
    await authority.forServer(['other.example.com'], 86_400_000),
  ];
  const give = (files: string) =>
    write(
      'given',
      '{ host: given.example.com, port: 8080, tls: { cert: cert, key: key } }',
      `secrets:\n  cert: { file: ./${files}.crt }\n  key: { file: ./one.key }\n`,
    );
  await give('one');
  for (const [name, pair] of [
    ['one', one],
    ['two', two],
  ] as const) {
    await writeFile(join(home, 'apps/given', `${name}.crt`), pair.certificate);
    await writeFile(join(home, 'apps/given', `${name}.key`), pair.key);
  }
  const wrong = await fleet.ballast(['deploy', '-f', await give('two')], { signal });
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr).toMatch(/compose\.yaml:10:\d+/);
  expect(wrong.stderr).toContain(
    'the key in the secret key is not that of the certificate in the secret cert',
  );
  expect(wrong.stderr).toContain('is for other.example.com, not for given.example.com');
  await ballast('deploy', '-f', await give('one'));
  for (const machine of machines)
    await answers({ machine, host: 'given.example.com', ca: authority.certificate }, 'given');
});

test('a route that comes and goes loses no request', async () => {
  const running = load(everywhere('shop.example.com'));
  const before = await reloads();
  await deploy('route', '{ host: route.example.com, port: 8080 }');
  for (const place of everywhere('route.example.com')) await answers(place, 'route');
  await ballast('rm', 'route', '-y');
  const { sent, failed } = await running.end();
  expect(failed).toEqual([]);
  expect(await reloads()).toBeGreaterThan(before);
  process.stderr.write(`routes changed under ${sent} requests\n`);
});

test('replicas that come and go lose no request, and Caddy hears nothing of it', async () => {
  const before = await reloads();
  const running = load(everywhere('shop.example.com'));
  await ballast('scale', '-a', 'shop', 'web=5');
  await ballast('restart', '-a', 'shop', 'web');
  await ballast('scale', '-a', 'shop', 'web=2');
  const { sent, failed } = await running.end();
  expect(failed).toEqual([]);
  expect(await reloads()).toBe(before);
  process.stderr.write(`replicas changed under ${sent} requests\n`);
});

test('Caddy that was killed, and its edited configuration, are put right', async () => {
  const began = performance.now();
  await inside('app-1', 'systemctl kill -s KILL ballast-ingress');
  await eventually(
    signal,
    async () => (await ask(at('shop.example.com')).catch(() => undefined))?.status === 200,
  );
  const killed = performance.now();
  const path = '/etc/ballast/ingress/caddy.json';
  const was = await inside('app-1', `sha256sum ${path}; echo {} > ${path}`);
  await eventually(signal, async () => (await inside('app-1', `sha256sum ${path}`)) === was);
  const edited = performance.now();
  await inside('app-1', 'systemctl stop ballast-ingress');
  await eventually(
    signal,
    async () => (await ask(at('shop.example.com')).catch(() => undefined))?.status === 200,
  );
  process.stderr.write(
    `killed ${Math.round(killed - began)} ms, edited ${Math.round(edited - killed)} ms, stopped ${Math.round(performance.now() - edited)} ms\n`,
  );
});

test('an authority certifies by ACME, which every machine helps to prove', async () => {
  await inside(
    'app-1',
    `echo '10.75.0.2 auto.example.com' >> /etc/hosts; mkdir -p /run/acme; cat > /run/acme/caddy.json <<'EOF'
${JSON.stringify(acmeServer)}
EOF
systemd-run --quiet --unit acme -E XDG_DATA_HOME=/run/acme -E HOME=/run/acme caddy run --config /run/acme/caddy.json`,
  );
  const root = '/run/acme/caddy/pki/authorities/local/root.crt';
  await eventually(signal, async () => (await inside('app-1', `cat ${root}`)).includes('BEGIN'));
  await writeFile(join(home, 'acme-ca.pem'), await inside('app-1', `cat ${root}`));
  const file = join(home, 'fleet.yaml');
  await writeFile(
    file,
    `fleet: ing
machines:
  app: { provider: local, count: 3 }
network: { machines: 10.75.0.0/24 }
ingress: { acme: { directory: "https://10.75.0.1:14000/acme/local/directory", email: ops@example.com, ca: acme-ca.pem } }
security_groups:
  office: { cidrs: [10.75.0.254/32] }
  authority: { machines: [app-1], inbound: [{ from: office, ports: [14000] }] }
`,
  );
  await ballast('deploy', '-f', file);
  await deploy('auto', '{ host: auto.example.com, port: 8080, tls: auto }');
  await eventually(signal, async () =>
    (await listed()).some(({ host, certificate }) => host === 'auto.example.com' && certificate === 'acme'),
  );
  const trusted = await inside('app-1', `cat ${root}`);
  for (const machine of machines) await answers({ machine, host: 'auto.example.com', ca: trusted }, 'auto');
  expect(await inside('app-2', 'ls /etc/ballast/ingress/challenges')).toBe('');
});

test('with the server away everything answers again after a reboot', async () => {
  await fleet.stopServer();
  await Promise.all(names.map((name) => fleet.provider.power.reboot(name, signal)));
  for (const place of everywhere('shop.example.com')) await answers(place, 'shop');
  await fleet.startServer(signal);
});

const acmeServer = {
  admin: { disabled: true },
  apps: {
    pki: { certificate_authorities: { local: { install_trust: false } } },
    tls: { automation: { policies: [{ subjects: ['10.75.0.1'], issuers: [{ module: 'internal' }] }] } },
    http: {
      servers: {
        acme: {
          listen: ['10.75.0.1:14000'],
          automatic_https: { disable_redirects: true },
          tls_connection_policies: [{ default_sni: '10.75.0.1' }],
          routes: [{ match: [{ host: ['10.75.0.1'] }], handle: [{ handler: 'acme_server', ca: 'local' }] }],
        },
      },
    },
  },
};
