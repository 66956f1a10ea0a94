import { describe, expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { placedReplicas } from '#compile/view.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { TrafficPeer, TrafficRuleModel } from '#spec/traffic-model.ts';
import { release, service, World } from '#test/sim/world.ts';
import { type Caller, type Judgement, mayReach, mayUsePort } from './may-reach.ts';
import { setsOf } from './sets.ts';
import { trafficOf } from './traffic.ts';

const rule = (peer: TrafficPeer, ...ports: readonly number[]): TrafficRuleModel => ({
  peers: [peer],
  ports: ports.map((port) => ({ protocol: 'tcp', from: port, to: port })),
});

/** Apps `shop` (web, db) and `press` (web), each on its own network. */
function scene(db: Partial<ServiceModel> = {}, web: Partial<ServiceModel> = {}) {
  const world = new World({ 'app-1': {}, 'app-2': {} });
  world.want('shop', release('shop', 1, [service('web', web), service('db', db)]));
  world.want('press', release('press', 1, [service('web')]));
  world.settle();
  const traffic = trafficOf(world.policy, world.plan, placedReplicas(world.policy, world.plan));
  return { traffic, sets: setsOf(traffic) };
}

type Scene = ReturnType<typeof scene>;

const serviceIn = ({ traffic }: Scene, key: string) => must(traffic.services.get(key), key);

function callerIn(world: Scene, from: string): Caller {
  const machine = world.traffic.machines.find(({ name }) => name === from);
  if (machine !== undefined) return { kind: 'machine', machine };
  if (/^[\d.]+$/.test(from)) return { kind: 'outside', address: from };
  const own = serviceIn(world, from);
  return { kind: 'service', service: own, address: must(own.members[0], 'a replica').address };
}

/** To the virtual address of a service, at port 5432. */
function judged(world: Scene, from: string, to = 'shop/db'): Judgement {
  const own = serviceIn(world, to);
  const callee = { service: own, address: must(own.vip, 'a vip'), protocol: 'tcp', port: 5432 } as const;
  return mayReach(world.traffic, world.sets, callerIn(world, from), callee);
}

const toWeb: TrafficPeer = { kind: 'service', service: 'web' };

describe('who may reach a service', () => {
  test.each<[string, Partial<ServiceModel>, string, boolean]>([
    ['without rules: services of its network', {}, 'shop/web', true],
    ['without rules: no other app', {}, 'press/web', false],
    ['without rules: no machine', {}, 'app-1', false],
    ['a service that is named', { inbound: [rule(toWeb)] }, 'shop/web', true],
    ['not the one of that name in another app', { inbound: [rule(toWeb)] }, 'press/web', false],
    ['one of another app that is named', { inbound: [rule({ ...toWeb, app: 'press' })] }, 'press/web', true],
    [
      'not its own network, once others are named',
      { inbound: [rule({ ...toWeb, app: 'press' })] },
      'shop/web',
      false,
    ],
    ['only at the port that is named', { inbound: [rule(toWeb, 80)] }, 'shop/web', false],
    ['at the port that is named', { inbound: [rule(toWeb, 80, 5432)] }, 'shop/web', true],
    ['nobody, where nobody is named', { inbound: [] }, 'shop/web', false],
    ['machines, when they are named', { inbound: [rule({ kind: 'machines' })] }, 'app-2', true],
    ['any', { inbound: [rule({ kind: 'any' })] }, '203.0.113.9', true],
    [
      'an address within a network that is named',
      { inbound: [rule({ kind: 'cidr', cidr: '203.0.113.0/24' })] },
      '203.0.113.9',
      true,
    ],
    [
      'no address outside of it',
      { inbound: [rule({ kind: 'cidr', cidr: '203.0.113.0/24' })] },
      '198.51.100.1',
      false,
    ],
  ])('%s', (_, db, from, allowed) => {
    expect(judged(scene(db), from)).toMatchObject({ allowed });
  });

  test.each<[string, readonly TrafficRuleModel[], boolean]>([
    ['nothing', [], false],
    ['what it names', [rule({ kind: 'service', service: 'db' }, 5432)], true],
    ['not at other ports', [rule({ kind: 'service', service: 'db' }, 80)], false],
    ['anything', [rule({ kind: 'any' })], true],
  ])('outbound limits it to %s', (_, outbound, allowed) => {
    expect(judged(scene({}, { outbound }), 'shop/web')).toMatchObject({ allowed });
  });
});

test('what lets a connection through, or stands against it, is said', () => {
  expect(judged(scene(), 'shop/web').words).toBe('network shop_default');
  expect(judged(scene(), 'press/web').words).toBe('press/web and shop/db have no network in common');
  expect(judged(scene({ inbound: [] }), 'shop/web').words).toBe(
    'shop/db lets in only whom its inbound names',
  );
  expect(judged(scene({}, { outbound: [] }), 'shop/web').words).toBe(
    'shop/web may reach only what its outbound names',
  );
});

test('a published port is open to all, or to whom inbound names', () => {
  const port = { target: 8080, published: 80, protocol: 'tcp', mode: 'ingress' } as const;
  const office = rule({ kind: 'cidr', cidr: '203.0.113.0/24' }, 8080);
  const open = (world: Scene, address: string) =>
    mayUsePort(world.traffic, world.sets, address, {
      ...{ service: serviceIn(world, 'shop/web'), target: 8080, protocol: 'tcp' },
    }).allowed;
  expect(open(scene({}, { ports: [port] }), '198.51.100.1')).toBe(true);
  const narrowed = scene({}, { ports: [port], inbound: [office] });
  expect(open(narrowed, '198.51.100.1')).toBe(false);
  expect(open(narrowed, '203.0.113.9')).toBe(true);
});
