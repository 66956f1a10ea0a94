import { expect, test } from 'vitest';
import { compileManifest } from '#compile/compile.ts';
import type { NftRule } from '#compile/nft/objects.ts';
import type { ServedService } from '#compile/view.ts';
import type { ServiceModel } from '#spec/model.ts';
import { release, service, World } from '#test/sim/world.ts';
import { publishedPorts } from './leading.ts';

/** Rules, or elements, of one object of `app-1`'s table for containers. */
function objectOf(world: World, name: string): readonly NftRule[] {
  const { policy, plan } = world;
  const { resources } = compileManifest({
    policy,
    plan,
    machine: 'app-1',
    fixtures: { ca: '', registry: null },
  });
  const objects = resources.flatMap((one) =>
    one.id === 'firewall:inet/ballast' && one.kind === 'firewall' ? one.objects : [],
  );
  return objects
    .filter((one) => one.name === name)
    .flatMap((one) => (one.kind === 'chain' ? one.rules : one.elements));
}

function shop(db: Partial<ServiceModel> = {}, web: Partial<ServiceModel> = {}): World {
  const world = new World({ 'app-1': {}, 'app-2': {} });
  world.want('shop', release('shop', 1, [service('web', web, { replicas: 2 }), service('db', db)]));
  return world.settle();
}

const vipOf = (world: World, key: string): string => world.plan.services?.[key]?.vip ?? '';

test('a virtual address stays while the service lives, and is led to whichever replicas serve', () => {
  const world = shop();
  const vip = vipOf(world, 'shop/web');
  expect(vip).toMatch(/^10\.92\./);
  expect(objectOf(world, 'vips')).toContain(`${vip} : goto vip-shop/web`);
  world.want('shop', release('shop', 2, [service('web', { environment: { NEW: '1' } }, { replicas: 3 })]));
  world.settle();
  expect(vipOf(world, 'shop/web')).toBe(vip);
  expect(vipOf(world, 'shop/db')).toBe('');
  expect(objectOf(world, 'vip-shop/web')).toMatchObject([{ to: { length: 3 } }]);
});

test('services on one network may talk, and all else is refused at once', () => {
  expect(objectOf(shop(), 'in-shop/db')).toEqual([
    'ip saddr @net-shop_default counter accept comment "network shop_default"',
    'meta l4proto tcp counter reject with tcp reset comment "refused shop/db"',
    'counter reject with icmpx type admin-prohibited comment "refused shop/db"',
  ]);
});

const tcp = (port: number) => ({ protocol: 'tcp', from: port, to: port }) as const;

test('who is named by inbound may, and nobody else', () => {
  const world = shop({
    inbound: [
      {
        peers: [
          { kind: 'service', service: 'web' },
          { kind: 'cidr', cidr: '192.0.2.0/24' },
        ],
        ports: [tcp(5432)],
      },
      { peers: [{ kind: 'ingress' }], ports: [] },
    ],
  });
  expect(objectOf(world, 'in-shop/db').slice(0, 3)).toEqual([
    'ip saddr @svc-shop/web tcp dport 5432 counter accept comment "shop/db inbound 0"',
    'ip saddr 192.0.2.0/24 tcp dport 5432 counter accept comment "shop/db inbound 0"',
    'ip saddr @ingress counter accept comment "shop/db inbound 1"',
  ]);
  expect(objectOf(world, 'svc-shop/web')).toHaveLength(2);
  expect(objectOf(shop({ inbound: [] }), 'in-shop/db')).toHaveLength(2);
});

test('what outbound names may be reached, by any of its addresses, and nothing else', () => {
  const world = shop({}, { outbound: [{ peers: [{ kind: 'service', service: 'db' }], ports: [tcp(5432)] }] });
  expect(objectOf(world, 'out-shop/web')[0]).toBe(
    'ip daddr @to-shop/db tcp dport 5432 counter return comment "shop/web outbound 0"',
  );
  expect(objectOf(world, 'to-shop/db')).toContain(vipOf(world, 'shop/db'));
  expect(objectOf(world, 'outbound')).toHaveLength(1);
});

test('inbound holds for published ports too, by the port of the machine', () => {
  const port = { target: 8080, published: 80, protocol: 'tcp', mode: 'ingress' } as const;
  const office = { peers: [{ kind: 'cidr', cidr: '203.0.113.0/24' }], ports: [tcp(8080)] } as const;
  const world = shop({}, { ports: [port], inbound: [office] });
  expect(objectOf(world, 'published_only')).toEqual(['tcp . 80 : goto only-port-shop/web-80-tcp']);
  expect(objectOf(world, 'only-port-shop/web-80-tcp')[0]).toBe(
    'ip saddr 203.0.113.0/24 tcp dport 80 counter accept comment "shop/web inbound 0"',
  );
  expect(objectOf(shop({}, { ports: [port] }), 'published_only')).toEqual([]);
});

test('an address of a network’s own leads to the service as its virtual one does', () => {
  const world = new World({ 'app-1': {}, 'app-2': {} });
  const networks = {
    front: { name: 'shop_front', internal: false, external: false, labels: {}, subnets: ['172.20.0.0/24'] },
  };
  const on = { networks: { front: { aliases: [], address: '172.20.0.5' } } };
  world.want('shop', release('shop', 1, [service('db', on, { endpointMode: 'dnsrr' })], { networks }));
  world.settle();
  expect(objectOf(world, 'vips')).toEqual(['172.20.0.5 : goto vip-shop/db']);
  expect(objectOf(world, 'vips_inbound')).toEqual(['172.20.0.5 : goto in-shop/db']);
  expect(objectOf(world, 'judge')).toContain('ip daddr { 10.92.0.0/16, 172.20.0.0/24 } jump refused');
  const { policy, plan } = world;
  const fixtures = { ca: '', registry: null };
  const { resources } = compileManifest({ policy, plan, machine: 'app-2', fixtures });
  const route = { to: '172.20.0.0/24', dev: 'br-ballast', source: '10.91.2.1' };
  expect(resources.flatMap((one) => (one.kind === 'network' ? one.routes : []))).toContainEqual(route);
});

test('while one service takes a port over from another, that of the newer release has it', () => {
  const port = { target: 8080, published: 80, protocol: 'tcp', mode: 'ingress' } as const;
  const world = shop();
  const served = (name: string, number: number): ServedService => {
    const made = release('shop', number, [service(name, { ports: [port] })]);
    const replicas = Object.values(world.plan.replicas).filter((one) => one.service === name);
    return { app: 'shop', service: service(name, { ports: [port] }), release: made, replicas };
  };
  for (const all of [
    [served('db', 2), served('web', 1)],
    [served('web', 1), served('db', 2)],
  ])
    expect(publishedPorts(all, 'app-1').map(({ key }) => key)).toEqual(['shop/db']);
});

test('one port of two addresses is judged for each of them', () => {
  const on = (hostIp: string) =>
    ({ target: 8080, published: 80, protocol: 'tcp', mode: 'ingress', hostIp }) as const;
  const world = shop({ ports: [on('10.90.0.7')], inbound: [] }, { ports: [on('10.90.0.8')], inbound: [] });
  expect(objectOf(world, 'published_only')).toEqual([]);
  expect(objectOf(world, 'published_only_at')).toEqual([
    '10.90.0.7 . tcp . 80 : goto only-port-shop/db-80-tcp10.90.0.7',
    '10.90.0.8 . tcp . 80 : goto only-port-shop/web-80-tcp10.90.0.8',
  ]);
});
