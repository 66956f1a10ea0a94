import { expect, it } from 'vitest';
import { release, service, World } from '#test/sim/world.ts';
import { portClashes } from './ports.ts';

const port = (published: number) => ({ target: 8080, published, protocol: 'tcp', mode: 'ingress' }) as const;

it('finds ports that another app or the machines have, and says where they were asked for', () => {
  const world = new World({ 'app-1': {} });
  world.want('shop', release('shop', 1, [service('web', { ports: [port(8080)] })]));
  const blog = release('blog', 1, [service('front', { ports: [port(8080), port(22), port(8081)] })]);
  const at = { file: 'compose.yaml', line: 7, column: 9 };
  const problems = portClashes(world.policy, world.plan, {
    ...blog,
    origins: { 'services.front.ports.0': at },
  });
  expect(problems.map(({ what }) => what)).toEqual([
    'port 8080/tcp of service front is taken by service web of app shop',
    'port 22/tcp of service front is taken by the machines’ own ssh',
  ]);
  expect(problems[0]?.at).toEqual(at);
});

it('does not hold an app’s own earlier release against it', () => {
  const world = new World({ 'app-1': {} });
  const shop = release('shop', 1, [service('web', { ports: [port(8080)] })]);
  world.want('shop', shop);
  expect(portClashes(world.policy, world.plan, { ...shop, number: 2 })).toEqual([]);
});

it('frees the ports of a release that was given up, once nothing of it runs', () => {
  const world = new World({ 'app-1': {} });
  const shop = release('shop', 1, [service('web', { ports: [port(8080)] })]);
  world.want('shop', shop);
  const blog = release('blog', 1, [service('front', { ports: [port(8080)] })]);
  const failed = { wanted: 1, target: null, healthy: null, phase: 'failed', since: 0 } as const;
  const given = { ...world.plan, apps: { shop: failed } };
  expect(portClashes(world.policy, given, blog)).toEqual([]);
  world.step();
  expect(portClashes(world.policy, { ...given, replicas: world.plan.replicas }, blog)).toHaveLength(1);
});
