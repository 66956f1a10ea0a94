import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change, Store } from './port.ts';

export interface StoreSetting {
  readonly now: () => number;
  readonly historyMax?: number;
}

export type MakeStore = (setting: StoreSetting) => Promise<Store>;

/** What every store has to do. Run it with a function that makes an empty one. */
export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name} keeps the store's contract`, () => {
    commits(makeStore);
    follows(makeStore);
    leases(makeStore);
    properties(makeStore);
  });
}

const real: StoreSetting = { now: Date.now };

function commits(makeStore: MakeStore): void {
  test('a commit is seen by get and list, with its revision', async () => {
    await using store = disposable(await makeStore(real));
    const first = await store.commit({ expect: {}, changes: { 'a/1': 'x', 'b/1': 'y' } });
    expect(first).toEqual({ ok: true, revision: 1 });
    await store.commit({ expect: {}, changes: { 'a/2': 'z' } });
    expect(await store.get('a/1')).toEqual({ key: 'a/1', value: 'x', revision: 1 });
    expect(await store.list('a/')).toEqual({
      revision: 2,
      entries: [
        { key: 'a/1', value: 'x', revision: 1 },
        { key: 'a/2', value: 'z', revision: 2 },
      ],
    });
    expect(await store.get('a/3')).toBeUndefined();
  });

  test('a commit whose expectation is stale changes nothing and names the key in the way', async () => {
    await using store = disposable(await makeStore(real));
    await store.commit({ expect: { k: 0 }, changes: { k: '1' } });
    const stale = await store.commit({ expect: { other: 0, k: 0 }, changes: { k: '2', other: '2' } });
    expect(stale).toEqual({ ok: false, conflict: 'k' });
    expect((await store.get('k'))?.value).toBe('1');
    expect(await store.get('other')).toBeUndefined();
    expect(await store.commit({ expect: { k: 1 }, changes: { k: '2' } })).toEqual({ ok: true, revision: 2 });
  });

  test('a deleted key is absent, counts as revision 0 and may come again', async () => {
    await using store = disposable(await makeStore(real));
    await store.commit({ expect: {}, changes: { k: '1' } });
    await store.commit({ expect: { k: 1 }, changes: { k: null } });
    expect(await store.get('k')).toBeUndefined();
    expect((await store.list('')).entries).toEqual([]);
    expect(await store.commit({ expect: { k: 0 }, changes: { k: '3' } })).toEqual({ ok: true, revision: 3 });
  });

  test('of many writers that expect the same revision one wins', async () => {
    await using store = disposable(await makeStore(real));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.commit({ expect: { k: 0 }, changes: { k: `${i}` } })),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });

  test('a closed store refuses to be used', async () => {
    const store = await makeStore(real);
    await store.close();
    await expect(store.get('k')).rejects.toThrow();
  });
}

function follows(makeStore: MakeStore): void {
  test('a follower sees every later change under its prefix, in order', async () => {
    await using store = disposable(await makeStore(real));
    await store.commit({ expect: {}, changes: { 'a/1': '1' } });
    const seen = take(store, { prefix: 'a/', from: 0, count: 4 });
    await store.commit({ expect: {}, changes: { 'b/1': 'not this' } });
    await store.commit({ expect: {}, changes: { 'a/2': '2', 'a/1': null } });
    await store.commit({ expect: {}, changes: { 'a/3': '3' } });
    expect(await seen).toEqual([
      { key: 'a/1', value: '1', revision: 1 },
      { key: 'a/1', value: null, revision: 3 },
      { key: 'a/2', value: '2', revision: 3 },
      { key: 'a/3', value: '3', revision: 4 },
    ]);
  });

  test('list and then watch from its revision leave no gap', async () => {
    await using store = disposable(await makeStore(real));
    const writing = (async () => {
      for (let i = 0; i < 50; i += 1) await store.commit({ expect: {}, changes: { [`k/${i}`]: `${i}` } });
    })();
    const { revision, entries } = await store.list('k/');
    const rest = await take(store, { prefix: 'k/', from: revision, count: 50 - entries.length });
    await writing;
    const keys = [...entries, ...rest].map((item) => item.key);
    expect(new Set(keys).size).toBe(50);
  });

  test('a follower ends when its signal aborts and when the store closes', async () => {
    const store = await makeStore(real);
    const abort = new AbortController();
    const first = collect(store.watch('', 0, abort.signal));
    const second = collect(store.watch('', 0, new AbortController().signal));
    abort.abort();
    expect(await first).toEqual([]);
    await store.close();
    expect(await second).toEqual([]);
  });

  test('a follower that comes too late for the history is told so, and misses nothing silently', async () => {
    await using store = disposable(await makeStore({ ...real, historyMax: 10 }));
    for (let i = 0; i < 600; i += 1)
      await store.commit({ expect: {}, changes: { k: `${i}`, [`o${i % 3}`]: '' } });
    await expect(collect(store.watch('', 1, new AbortController().signal))).rejects.toThrow(
      /no longer holds/,
    );
    expect((await store.get('k'))?.value).toBe('599');
    expect((await store.list('o')).entries).toHaveLength(3);
  });
}

function leases(makeStore: MakeStore): void {
  test('a lease has one holder at a time, and each new holder a higher epoch', async () => {
    let time = 1_000;
    await using store = disposable(await makeStore({ now: () => time }));
    expect(await store.lease('leader', 'a', 100)).toEqual({ epoch: 1 });
    expect(await store.lease('leader', 'b', 100)).toBeUndefined();
    time += 90;
    expect(await store.lease('leader', 'a', 100)).toEqual({ epoch: 1 });
    time += 90;
    expect(await store.lease('leader', 'b', 100)).toBeUndefined();
    time += 10;
    expect(await store.lease('leader', 'b', 100)).toEqual({ epoch: 2 });
    expect(await store.lease('leader', 'a', 100)).toBeUndefined();
    expect(await store.lease('other', 'a', 100)).toEqual({ epoch: 1 });
  });

  test('a holder whose lease ran out comes back with a higher epoch', async () => {
    let time = 1_000;
    await using store = disposable(await makeStore({ now: () => time }));
    await store.lease('leader', 'a', 100);
    time += 100;
    expect(await store.lease('leader', 'a', 100)).toEqual({ epoch: 2 });
  });
}

const key = fc.constantFrom('a', 'a/b', 'a/c', 'b', 'ü/1', '');
const commit = fc.record({
  expect: fc.dictionary(key, fc.nat(4), { maxKeys: 1 }),
  changes: fc.dictionary(key, fc.option(fc.string({ unit: 'grapheme' })), { maxKeys: 4 }),
});

function properties(makeStore: MakeStore): void {
  test('replaying the watched changes gives exactly what list answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commit, { maxLength: 25 }), async (commits) => {
        await using store = disposable(await makeStore(real));
        const model = new Map<string, { value: string; revision: number }>();
        let revision = 0;
        for (const one of commits) {
          const holds = Object.entries(one.expect).every(([k, r]) => (model.get(k)?.revision ?? 0) === r);
          const outcome = await store.commit(one);
          expect(outcome.ok).toBe(holds);
          if (!holds) continue;
          revision += 1;
          for (const [k, value] of Object.entries(one.changes)) {
            if (value === null) model.delete(k);
            else model.set(k, { value, revision });
          }
        }
        const listed = await store.list('');
        expect(listed.revision).toBe(revision);
        expect(new Map(listed.entries.map((e) => [e.key, { value: e.value, revision: e.revision }]))).toEqual(
          model,
        );
        expect(await replay(store, revision)).toEqual(new Map([...model].map(([k, e]) => [k, e.value])));
      }),
      { numRuns: 40 },
    );
  });
}

/** The state that following the log from its start leads to. */
async function replay(store: Store, upTo: number): Promise<Map<string, string>> {
  const state = new Map<string, string>();
  await store.commit({ expect: {}, changes: { 'z/end': '' } });
  for await (const change of store.watch('', 0, new AbortController().signal)) {
    if (change.revision > upTo) break;
    if (change.value === null) state.delete(change.key);
    else state.set(change.key, change.value);
  }
  return state;
}

async function take(
  store: Store,
  { prefix, from, count }: { prefix: string; from: number; count: number },
): Promise<Change[]> {
  const seen: Change[] = [];
  if (count === 0) return seen;
  for await (const change of store.watch(prefix, from, AbortSignal.timeout(10_000))) {
    seen.push(change);
    if (seen.length === count) break;
  }
  return seen;
}

async function collect(changes: AsyncIterable<Change>): Promise<Change[]> {
  const seen: Change[] = [];
  for await (const change of changes) seen.push(change);
  return seen;
}

function disposable(store: Store): Store & AsyncDisposable {
  return { ...store, [Symbol.asyncDispose]: () => store.close() };
}
