import { expect, test } from 'vitest';
import { createMemoryStore } from '#store/memory.ts';
import { createChanges } from './changes.ts';
import { EventRing, eventsMax } from './event-ring.ts';
import { FleetState } from './state.ts';

const fresh = (store = createMemoryStore()) => FleetState.load(store, createChanges(), Date.now);

test('a change and its event are stored together, and loaded again', async () => {
  const state = await fresh();
  await state.commit({
    set: { 'policy/app/shop': { name: 'shop', wanted: 1 } },
    events: [{ kind: 'release', app: 'shop', what: 'release 1' }],
  });
  const again = await fresh(state.store as ReturnType<typeof createMemoryStore>);
  expect(again.policy).toEqual(state.policy);
  expect(again.events.after(0)).toEqual(state.events.after(0));
  expect(again.events.nextSeq).toBe(2);
  expect((await state.store.get('event/000000000001'))?.revision).toBe(
    (await state.store.get('policy/app/shop'))?.revision,
  );
});

test('the policy is one object until a part of it changes', async () => {
  const state = await fresh();
  const before = state.policy;
  await state.tell({ kind: 'x', what: 'x' });
  expect(state.policy).toBe(before);
  await state.commit({ set: { 'policy/dropped': ['a/b'] } });
  expect(state.policy).not.toBe(before);
  expect(state.policy.droppedVolumes).toEqual(['a/b']);
});

test('bodies that run alone do not interleave, and one that fails stops no other', async () => {
  const state = await fresh();
  const order: string[] = [];
  const slow = state.exclusive(async () => {
    order.push('slow begins');
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push('slow ends');
    throw new Error('x');
  });
  const quick = state.exclusive(async () => order.push('quick'));
  await expect(slow).rejects.toThrow('x');
  await quick;
  expect(order).toEqual(['slow begins', 'slow ends', 'quick']);
});

test('the ring of events keeps the newest, in the store too', async () => {
  const ring = new EventRing(
    Array.from({ length: eventsMax }, (_, i) => ({ seq: i + 1, at: 0, kind: 'x', what: '' })),
  );
  expect(ring.outdatedBy(2)).toEqual([1, 2]);
  ring.add([{ seq: eventsMax + 1, at: 0, kind: 'x', what: '' }]);
  expect([ring.after(0)[0]?.seq, ring.after(eventsMax).length]).toEqual([2, 1]);
});

test('waiting for a change misses none that came between looking and waiting', async () => {
  const changes = createChanges();
  const seen = changes.version();
  changes.mark();
  await changes.after(seen, new AbortController().signal);
  const abort = new AbortController();
  const waiting = changes.after(changes.version(), abort.signal);
  abort.abort();
  await waiting;
});
