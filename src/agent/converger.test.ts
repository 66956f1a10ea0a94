import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Manifest, Resource, ResourceKind } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { wantedOf } from '#converge/kinds.ts';
import type { Step } from '#converge/step.ts';
import type { Facilities, Facility } from '#host/facility.ts';
import { createConverger } from './converger.ts';
import { openMemory } from './memory.ts';

/** A machine in memory: the contract of a facility, with steps that can be made slow or failing. */
function createMachine() {
  const there = new Map<string, Observed>();
  const done: string[] = [];
  const looks: ResourceKind[] = [];
  const trouble = new Map<string, () => Promise<void>>();
  const facility = (kind: ResourceKind): Facility => ({
    async observe(resources) {
      looks.push(kind);
      await trouble.get(`look at ${kind}`)?.();
      return new Map(
        resources.flatMap(({ id }): [string, Observed][] =>
          there.has(id) ? [[id, there.get(id) as Observed]] : [],
        ),
      );
    },
    async apply({ key, action, resource }: Step) {
      await trouble.get(key)?.();
      done.push(key);
      if (action === 'delete') there.delete(resource.id);
      else there.set(resource.id, { fields: wantedOf(resource) });
      return undefined;
    },
  });
  const kinds: ResourceKind[] = [
    'directory',
    'file',
    'package',
    'sysctl',
    'image',
    'volume',
    'firewall',
    'unit',
    'container',
  ];
  const facilities = Object.fromEntries(kinds.map((kind) => [kind, facility(kind)])) as unknown as Facilities;
  return { there, done, looks, trouble, facilities };
}

const file = (name: string, content = 'x', after: readonly string[] = []): Resource => ({
  kind: 'file',
  id: `file:${name}`,
  after,
  origin: 'test',
  path: `/${name}`,
  content,
  mode: 0o644,
  owner: 'root',
  group: 'root',
});

const unit = (name: string, stamp = 'x'): Resource => ({
  kind: 'unit',
  id: `unit:${name}`,
  after: [],
  origin: 'test',
  name,
  enabled: true,
  active: true,
  stamp,
  reload: false,
});

const manifest = (generation: number, ...resources: readonly Resource[]): Manifest => ({
  machine: 'm',
  generation,
  resources,
});

let directory: string;
let stop: AbortController;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'converger-'));
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  // What was done last may still be on its way to the disk.
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
});

async function start(machine = createMachine()) {
  const memory = await openMemory(directory);
  const steps: string[] = [];
  const converger = createConverger({
    facilities: machine.facilities,
    memory,
    signal: stop.signal,
    onChange: () => {},
    onStep: ({ key, cause }, outcome) => steps.push(`${key} ${outcome} ${cause}`),
  });
  return { ...machine, memory, steps, converger };
}

test('makes what the manifest says, in order, and then is still', async () => {
  const { converger, done, memory } = await start();
  converger.hold(manifest(3, file('b', 'x', ['file:a']), file('a')));
  await expect.poll(() => converger.converged()).toBe(3);
  converger.markAll();
  converger.hold(manifest(4, file('b', 'x', ['file:a']), file('a')));
  await expect.poll(() => converger.converged()).toBe(4);
  expect(done).toEqual(['file:a', 'file:b']);
  expect(Object.keys(memory.ledger()).sort()).toEqual(['file /a', 'file /b']);
});

test('a failed step holds back what waits for it and nothing else, and is tried again with the next manifest', async () => {
  const machine = createMachine();
  machine.trouble.set('file:a', () => Promise.reject(new Error('no luck')));
  const { converger, done } = await start(machine);
  const resources = [file('a'), file('b', 'x', ['file:a']), file('c')];
  converger.hold(manifest(1, ...resources));
  await expect
    .poll(() => converger.failures.list())
    .toEqual([{ resource: 'file:a', what: 'no luck', origin: 'test', times: 1 }]);
  expect(done).toEqual(['file:c']);
  expect(converger.blockerOf('file:b')).toBe('file:a');
  expect(converger.converged()).toBe(0);
  machine.trouble.clear();
  converger.hold(manifest(2, ...resources));
  await expect.poll(() => converger.converged()).toBe(2);
  expect(converger.failures.list()).toEqual([]);
});

test('all that can be done is done, and said so, only once the last step beside a failed one has ended', async () => {
  const machine = createMachine();
  const slow = Promise.withResolvers<void>();
  machine.trouble.set('file:a', () => Promise.reject(new Error('no luck')));
  machine.trouble.set('file:c', () => slow.promise);
  const { converger } = await start(machine);
  converger.hold(manifest(1, file('a'), file('b', 'x', ['file:a']), file('c')));
  await expect.poll(() => converger.failures.list()).toHaveLength(1);
  await expect.poll(() => converger.looks().ended).toBeGreaterThan(1);
  expect(converger.tried()).toBe(0);
  slow.resolve();
  await expect.poll(() => converger.tried()).toBe(1);
  expect(converger.converged()).toBe(0);
});

test('a failed step is tried again by itself', async () => {
  const machine = createMachine();
  machine.trouble.set('file:a', async () => {
    machine.trouble.clear();
    throw new Error('not yet');
  });
  const { converger } = await start(machine);
  converger.hold(manifest(1, file('a')));
  await expect.poll(() => converger.converged(), { timeout: 4_000 }).toBe(1);
});

test('a slow step holds up no new manifest, and its own place is left alone until it ends', async () => {
  const machine = createMachine();
  const slow = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  machine.trouble.set('file:slow', () => {
    started.resolve();
    return slow.promise;
  });
  const { converger, done } = await start(machine);
  converger.hold(manifest(1, file('slow')));
  await started.promise;
  converger.hold(manifest(2, file('slow', 'other'), file('new')));
  await expect.poll(() => done).toEqual(['file:new']);
  machine.trouble.clear();
  slow.resolve();
  await expect.poll(() => converger.converged()).toBe(2);
  expect(done).toEqual(['file:new', 'file:slow', 'file:slow']);
});

test('what leaves the manifest is deleted, also after a restart of the program', async () => {
  const first = await start();
  first.converger.hold(manifest(1, file('a')));
  await expect.poll(() => first.converger.converged()).toBe(1);
  stop.abort();
  stop = new AbortController();
  const second = await start(first);
  second.converger.hold(manifest(2));
  await expect.poll(() => second.converger.converged()).toBe(2);
  expect(second.there.size).toBe(0);
});

test('drift is repaired and called corrective', async () => {
  const { converger, there, steps } = await start();
  converger.hold(manifest(1, file('a')));
  await expect.poll(() => converger.converged()).toBe(1);
  there.clear();
  converger.mark(['file']);
  await expect.poll(() => steps).toEqual(['file:a done intentional', 'file:a done corrective']);
});

test('only what another manifest asks for differently is looked at for it', async () => {
  const { converger, looks } = await start();
  converger.hold(manifest(1, file('a'), unit('u')));
  await expect.poll(() => converger.converged()).toBe(1);
  looks.splice(0);
  converger.hold(manifest(2, file('a'), unit('u')));
  await expect.poll(() => converger.converged()).toBe(2);
  expect(looks).toEqual([]);
  converger.hold(manifest(3, file('a', 'other'), unit('u')));
  await expect.poll(() => converger.converged()).toBe(3);
  expect(new Set(looks)).toEqual(new Set(['file']));
});

test('a unit that is wanted otherwise is changed by what was seen of it before', async () => {
  const { converger, looks, done } = await start();
  converger.hold(manifest(1, unit('u')));
  await expect.poll(() => converger.converged()).toBe(1);
  looks.splice(0);
  converger.hold(manifest(2, unit('u', 'other')));
  await expect.poll(() => converger.converged()).toBe(2);
  expect(done).toEqual(['unit:u', 'unit:u']);
  expect(looks).toEqual(['unit']);
});

test('a manifest that comes during a look is held too', async () => {
  const machine = createMachine();
  const { converger } = await start(machine);
  const looking = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  converger.hold(manifest(1, file('a')));
  await expect.poll(() => converger.converged()).toBe(1);
  machine.trouble.set('look at package', async () => {
    looking.resolve();
    await looked.promise;
  });
  converger.mark(['package']);
  await looking.promise;
  converger.hold(manifest(2, file('a')));
  looked.resolve();
  await expect.poll(() => converger.converged()).toBe(2);
});

test('what is heard of a place that a step is changing waits for the end of the step', async () => {
  const machine = createMachine();
  const slow = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  machine.trouble.set('file:slow', () => {
    started.resolve();
    return slow.promise;
  });
  const { converger, looks } = await start(machine);
  converger.hold(manifest(1, file('slow'), file('other')));
  await started.promise;
  await expect.poll(() => machine.done).toEqual(['file:other']);
  converger.mark(['unit'], 'file /slow');
  slow.resolve();
  await expect.poll(() => converger.converged()).toBe(1);
  expect(looks.filter((kind) => kind === 'unit')).toHaveLength(1);
});
