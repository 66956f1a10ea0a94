import { expect, test } from 'vitest';
import { genesis } from '#plan/next.ts';
import { release, service, World } from '#test/sim/world.ts';
import { keptImages } from './kept-images.ts';

const digest = (n: number): string => `sha256:${String(n).repeat(64)}`;
const shop = (number: number, image: number) =>
  release('shop', number, [service('web', { image: `registry.internal:5000/web@${digest(image)}` })]);

function policyWith(...images: readonly number[]) {
  const world = new World({ a: {} });
  images.forEach((image, n) => world.want('shop', shop(n + 1, image)));
  return world;
}

test('the images of the three newest releases that differ in them are kept', () => {
  expect(keptImages(policyWith(1, 2, 3, 4).policy, genesis)).toEqual([digest(2), digest(3), digest(4)]);
});

test('releases that only scale or restart do not push others out', () => {
  expect(keptImages(policyWith(1, 2, 3, 3, 3, 3).policy, genesis)).toEqual([1, 2, 3].map(digest));
});

test('what runs is kept, however old it is, and so is what a failure returns to', () => {
  const world = policyWith(1);
  world.settle();
  for (const n of [2, 3, 4]) world.want('shop', shop(n, n));
  expect(keptImages(world.policy, world.plan)).toEqual([1, 2, 3, 4].map(digest));
});

test('an app that is gone keeps nothing', () => {
  const { policy } = policyWith(1, 2);
  expect(keptImages({ ...policy, apps: {} }, genesis)).toEqual([]);
});
