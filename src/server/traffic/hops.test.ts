import { expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { trafficOf } from '#compile/traffic/traffic.ts';
import { placedReplicas } from '#compile/view.ts';
import { release, service, World } from '#test/sim/world.ts';
import type { PathAnswer } from '#wire/path-messages.ts';
import type { PathHop } from '#wire/traffic-views.ts';
import { type Found, hopsOf, type Way } from './hops.ts';

/** The way from web on one machine to db on another, on which all is well. */
function wellWay(): Way {
  const world = new World({ 'app-1': {}, 'app-2': {} });
  world.want('shop', release('shop', 1, [service('web'), service('db')]));
  world.settle();
  const traffic = trafficOf(world.policy, world.plan, placedReplicas(world.policy, world.plan));
  const db = must(traffic.services.get('shop/db'), 'db');
  const web = must(traffic.services.get('shop/web'), 'web');
  const from = { ...must(web.members[0], 'web'), machine: 'app-1' };
  const to = { ...must(db.members[0], 'db'), machine: 'app-2' };
  const vip = must(db.vip, 'vip');
  const chain = (...rules: readonly string[]): PathAnswer => ({ kind: 'lookup', chain: 'c', rules });
  const grant = 'ip saddr @net-shop_default counter packets 1 bytes 60 accept comment "network shop_default"';
  return {
    ...{ from, to, service: { ...db, serving: [to] }, port: 5432, name: 'db' },
    judgement: { allowed: true, words: 'network shop_default', origin: 'compose.yaml:9:3' },
    report: { id: to.id, state: 'running', since: 0, restarts: 0 },
    found: {
      name: { kind: 'resolve', servers: ['10.91.1.1'], addresses: [vip] },
      judging: chain(grant),
      leading: chain(`dnat ip to ${to.address}`),
      route: { kind: 'route', link: 'ballast-mesh' },
      mesh: { kind: 'mesh', neighbours: [{ networks: [`${to.address}/32`], handshakeMs: 4_000 }] },
      inbound: chain(grant),
      listening: { kind: 'listening', ports: [5432] },
      direct: { kind: 'connect', outcome: 'open', ms: 1 },
      virtual: { kind: 'connect', outcome: 'open', ms: 1 },
    },
  };
}

const firstBroken = (way: Way): PathHop | undefined => hopsOf(way).find(({ state }) => state === 'broken');

test('a way on which all is well has no broken hop', () => {
  const hops = hopsOf(wellWay());
  expect(hops.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(hops.map(({ hop }) => hop)).toEqual([
    ...['name', 'rule', 'table', 'route', 'mesh', 'table there', 'process', 'health'],
    ...['balancing', 'connection', 'connection'],
  ]);
});

const none: PathAnswer = { kind: 'lookup', chain: null, rules: [] };
const empty: PathAnswer = { kind: 'lookup', chain: 'c', rules: [] };
const servers = ['10.91.1.1'];

test.each<[hop: PathHop['hop'], says: string, found: Partial<Found>]>([
  [
    'name',
    '10.91.1.1 does not answer (ETIMEOUT)',
    { name: { kind: 'resolve', servers, addresses: [], trouble: 'ETIMEOUT' } },
  ],
  ['name', 'knows no db', { name: { kind: 'resolve', servers, addresses: [] } }],
  ['name', 'leads to 192.0.2.1', { name: { kind: 'resolve', servers, addresses: ['192.0.2.1'] } }],
  ['table', 'does not know', { leading: none }],
  ['table', 'does not judge', { judging: none }],
  ['table', 'lacks the rule for network shop_default', { judging: empty }],
  ['balancing', 'does not lead', { leading: empty }],
  ['route', 'app-1 has no route', { route: { kind: 'route', link: null } }],
  ['route', 'by br-ballast, though', { route: { kind: 'route', link: 'br-ballast' } }],
  ['mesh', 'does not know app-2', { mesh: { kind: 'mesh', neighbours: [] } }],
  ['table there', 'the firewall of app-2 does not know', { inbound: none }],
  ['table there', 'the firewall of app-2 lacks the rule', { inbound: empty }],
  ['process', 'it listens only on 80', { listening: { kind: 'listening', ports: [80] } }],
  ['process', 'it listens nowhere', { listening: { kind: 'listening', ports: [] } }],
  ['connection', 'is refused', { direct: { kind: 'connect', outcome: 'refused', ms: 1 } }],
  ['connection', 'gets no answer', { virtual: { kind: 'connect', outcome: 'silent', ms: 3_000 } }],
])('the %s that %s is the first broken hop', (hop, says, found) => {
  const way = wellWay();
  const broken = firstBroken({ ...way, found: { ...way.found, ...found } });
  expect(broken).toMatchObject({ hop, what: expect.stringContaining(says), fix: expect.any(String) });
});

test('a handshake is broken when there never was one, and when it is long ago', () => {
  const way = wellWay();
  const mesh = (handshakeMs: number | null) =>
    firstBroken({
      ...way,
      found: {
        ...way.found,
        mesh: { kind: 'mesh', neighbours: [{ networks: [`${way.to.address}/32`], handshakeMs }] },
      },
    })?.what;
  expect(mesh(null)).toBe('app-1 and app-2 never shook hands');
  expect(mesh(600_000)).toContain('10 m 0 s ago');
  expect(mesh(100_000)).toBeUndefined();
});

test('what no rule lets through is broken at the rule, with the line', () => {
  const judgement = {
    allowed: false,
    words: 'shop/db lets in only whom its inbound names',
    origin: 'compose.yaml:9:3',
  };
  expect(firstBroken({ ...wellWay(), judgement })).toMatchObject({
    hop: 'rule',
    what: expect.stringContaining('(compose.yaml:9:3)'),
  });
});

test('who is not well is told by health, and not by who does not lead to it', () => {
  const way = wellWay();
  const report = { id: way.to.id, state: 'unhealthy', since: 0, restarts: 0, detail: 'HTTP 500' } as const;
  const found = { ...way.found, leading: empty };
  expect(firstBroken({ ...way, report, found })).toMatchObject({
    hop: 'health',
    what: expect.stringContaining('unhealthy: HTTP 500'),
  });
});

test('a machine that does not answer is unknown, and not broken', () => {
  const way = wellWay();
  const away: PathAnswer = { kind: 'failed', why: 'app-2 is not connected' };
  const hops = hopsOf({ ...way, found: { ...way.found, inbound: away, listening: away } });
  expect(hops.filter(({ state }) => state === 'unknown').map(({ hop }) => hop)).toEqual([
    'table there',
    'process',
  ]);
  expect(hops.some(({ state }) => state === 'broken')).toBe(false);
});
