import { expect, test } from 'vitest';
import type { IngressModel } from '#spec/ingress-model.ts';
import { release, service, World } from '#test/sim/world.ts';
import { ingressClashes } from './ingress.ts';
import type { Release } from './model.ts';

const entry: IngressModel = {
  ...{ hosts: ['shop.test'], pathPrefix: '/', port: 80, tls: { kind: 'internal' } },
  ...{ redirect: true, redirectFrom: [] },
};

const app = (name: string, ...ingress: readonly IngressModel[]): Release =>
  release(name, 1, [service('web', { ingress })]);

function problems(there: Release, coming: Release): readonly string[] {
  const world = new World({ 'a-1': {} });
  world.want(there.app, there);
  world.settle();
  return ingressClashes(world.policy, world.plan, coming).map(({ code, what }) => `${code}: ${what}`);
}

test('a host and path that another app has is refused', () => {
  expect(problems(app('shop', entry), app('blog', entry))).toEqual([
    'plan/ingress-taken: shop.test/ of service web is taken by service web of app shop',
  ]);
});

test('another path of the same host is free', () => {
  expect(problems(app('shop', entry), app('blog', { ...entry, pathPrefix: '/blog' }))).toEqual([]);
});

test('the same app may have it again', () => {
  expect(problems(app('shop', entry), { ...app('shop', entry), number: 2 })).toEqual([]);
});

test('a host with another certificate is refused', () => {
  const other = { ...entry, pathPrefix: '/blog', tls: { kind: 'off' as const }, redirect: false };
  expect(problems(app('shop', entry), app('blog', other))).toEqual([
    'plan/ingress-taken: shop.test has tls off at service web, and internal at service web of app shop',
  ]);
});

test('a host that is sent on is taken whatever the path', () => {
  const away = { ...entry, redirectFrom: ['www.shop.test'] };
  const other = { ...entry, hosts: ['www.shop.test'], pathPrefix: '/blog' };
  expect(problems(app('shop', away), app('blog', other))).toHaveLength(1);
});

test('port 80 is published or that of ingress', () => {
  const ports = [{ target: 80, published: 80, protocol: 'tcp' as const, mode: 'ingress' as const }];
  const publishing = release('blog', 1, [service('web', { ports })]);
  expect(problems(app('shop', entry), publishing)).toEqual([
    'plan/port-taken: port 80 of service web is taken by ingress, for shop.test of app shop',
  ]);
  expect(problems(publishing, app('shop', entry))).toEqual([
    'plan/port-taken: x-ballast.ingress of service web needs port 80, which service web of app blog publishes',
  ]);
});

test('tls: auto needs to know who certifies', () => {
  const [problem] = problems(app('blog'), app('shop', { ...entry, tls: { kind: 'auto' } }));
  expect(problem).toContain('plan/no-acme: shop.test of service web has tls: auto');
});
