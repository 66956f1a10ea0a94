import { expect, test } from 'vitest';
import { placedReplicas } from '#compile/view.ts';
import type { IngressModel } from '#spec/ingress-model.ts';
import { release, service, World } from '#test/sim/world.ts';
import { ingressRoutes } from './routes.ts';

const entry: IngressModel = {
  ...{ hosts: ['shop.test'], pathPrefix: '/', port: 80, tls: { kind: 'internal' } },
  ...{ redirect: true, redirectFrom: [] },
};

const shop = (number: number, image: string, ...ingress: readonly IngressModel[]) =>
  release('shop', number, [service('web', { image, ingress }, { replicas: 2 })]);

const told = ({ policy, plan }: World) =>
  ingressRoutes(policy, plan, placedReplicas(policy, plan)).map(
    ({ hosts, port, replicas }) => `${hosts.join()}:${port} ${replicas.length}`,
  );

test('a route that alone changes counts at once, and moves no container', () => {
  const world = new World({ 'a-1': {}, 'a-2': {} });
  world.want('shop', shop(1, 'web@sha256:1', entry));
  world.settle();
  const replicas = Object.keys(world.plan.replicas);
  world.want('shop', shop(2, 'web@sha256:1', { ...entry, hosts: ['new.test'], port: 81 }));
  world.settle();
  expect(told(world)).toEqual(['new.test:81 2']);
  expect(Object.keys(world.plan.replicas)).toEqual(replicas);
});

test('a rollout that changes the port leads to it once a replica answers there, and never to nobody', () => {
  const world = new World({ 'a-1': {}, 'a-2': {} });
  world.want('shop', shop(1, 'web@sha256:1', entry));
  world.settle();
  world.want('shop', shop(2, 'web@sha256:2', { ...entry, port: 81 }));
  const seen = new Set<string>();
  world.settle();
  for (const plan of world.history) {
    const found = ingressRoutes(world.policy, plan, placedReplicas(world.policy, plan));
    for (const { port, replicas } of found) seen.add(`${port} ${replicas.length > 0 ? 'answers' : 'nobody'}`);
  }
  expect(told(world)).toEqual(['shop.test:81 2']);
  expect(seen.has('81 nobody')).toBe(false);
});
