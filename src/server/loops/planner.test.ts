import { afterEach, expect, test, vi } from 'vitest';
import type { AppState, Plan } from '#plan/model.ts';
import { genesis, type PlanInput, type PlanOutcome } from '#plan/next.ts';
import { createChanges } from '#server/changes.ts';
import { silentLog } from '#server/log.ts';
import { FleetState } from '#server/state.ts';
import { createMemoryStore } from '#store/memory.ts';
import { type NextPlan, runPlanner, transitions } from './planner.ts';

const ending: AbortController[] = [];
afterEach(() => {
  for (const each of ending.splice(0)) each.abort();
});

async function planner(nextPlan: NextPlan, carryOut: () => Promise<void> = async () => {}) {
  const state = await FleetState.load(createMemoryStore(), createChanges(), Date.now);
  const abort = new AbortController();
  ending.push(abort);
  const ended = runPlanner(
    { state, inventory: () => ({ machines: {} }), nextPlan, log: silentLog, carryOut },
    abort.signal,
  );
  return { state, abort, ended };
}

const follow = ({ parent, now }: PlanInput, waiting: Plan['waiting'] = []): PlanOutcome => ({
  plan: { ...genesis, waiting, number: parent.number + 1, parent: parent.number, at: now },
  wakeAt: null,
});
const rest: PlanOutcome = { plan: null, wakeAt: null };

test('plans follow one another until none is left, and each is stored', async () => {
  const { state } = await planner((input) => (input.parent.number < 5 ? follow(input) : rest));
  await vi.waitFor(() => expect(state.plan.number).toBe(5));
  const past = (await state.store.list('plan/past/')).entries.map(
    (entry) => (JSON.parse(entry.value) as Plan).number,
  );
  expect(past).toEqual([1, 2, 3, 4, 5]);
  expect((await FleetState.load(state.store, createChanges(), Date.now)).plan).toEqual(state.plan);
});

test('only the last two hundred plans are kept', async () => {
  const { state } = await planner((input) => (input.parent.number < 230 ? follow(input) : rest));
  await vi.waitFor(() => expect(state.plan.number).toBe(230));
  const { entries } = await state.store.list('plan/past/');
  expect([entries.length, entries[0]?.key]).toEqual([200, 'plan/past/000000000031']);
});

test('many changes at once are looked at once', async () => {
  let calls = 0;
  const { state } = await planner(() => {
    calls += 1;
    return rest;
  });
  await vi.waitFor(() => expect(calls).toBe(1));
  for (let i = 0; i < 100; i += 1) state.changes.mark();
  await vi.waitFor(() => expect(calls).toBe(2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(calls).toBe(2);
});

test('a time to wake is kept though nothing changes', async () => {
  let wake: number | null = Date.now() + 30;
  const seen: number[] = [];
  await planner(() => {
    seen.push(Date.now());
    const outcome = { plan: null, wakeAt: wake };
    wake = null;
    return outcome;
  });
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  // Timers keep their own clock, which may be a little ahead of this one.
  expect((seen[1] ?? 0) - (seen[0] ?? 0)).toBeGreaterThan(0);
});

test('a planner that throws is asked again, and plans go on', async () => {
  let calls = 0;
  const { state } = await planner((input) => {
    calls += 1;
    if (calls === 1) throw new Error('odd');
    return input.parent.number === 0 ? follow(input) : rest;
  });
  await vi.waitFor(() => expect(state.plan.number).toBe(1), { timeout: 3_000 });
});

test('the loop ends with its signal', async () => {
  const { abort, ended } = await planner(() => rest);
  abort.abort();
  await ended;
});

test('a plan that was not made from the newest is refused', async () => {
  const { state } = await planner(() => rest);
  const plan: Plan = { ...genesis, number: 8, parent: 7, at: 1 };
  await expect(state.adopt(plan, [])).rejects.toMatchObject({ code: 'conflict' });
});

test('another server’s write to the plan is noticed', async () => {
  const { state } = await planner(() => rest);
  await state.store.commit({ expect: {}, changes: { 'plan/current': '{}' } });
  await expect(state.adopt({ ...genesis, number: 1, parent: 0, at: 1 }, [])).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(state.plan.number).toBe(0);
});

const app = (phase: AppState['phase'], more: Partial<AppState> = {}): AppState => ({
  ...{ wanted: 2, target: 2, healthy: 1, phase, since: 0 },
  ...more,
});

test.each([
  [undefined, app('rolling'), 'rollout-started'],
  [app('rolling'), app('rolling'), undefined],
  [app('rolling'), app('steady'), 'rollout-healthy'],
  [app('rolling'), app('rolling-back', { target: 1 }), 'rollout-failed'],
  [app('rolling-back', { target: 1 }), app('failed', { target: 1 }), 'rollout-failed'],
  [app('rolling'), app('paused'), 'rollout-failed'],
  [app('steady'), app('removing', { wanted: null, target: null }), 'removal-started'],
  [app('removing'), undefined, 'app-removed'],
])('from %j to %j the event is %s', (before, after, kind) => {
  const plan = (state: AppState | undefined): Plan => ({ ...genesis, apps: state ? { shop: state } : {} });
  expect(transitions(plan(before), plan(after)).map((event) => event.kind)).toEqual(
    kind === undefined ? [] : [kind],
  );
});

test('machines that are given up are told with what moved, those that are held with why', () => {
  const replica = { id: 'shop-web-1-r1', machine: 'b' } as Plan['replicas'][string];
  const before: Plan = { ...genesis, replicas: { [replica.id]: replica } };
  const machines = { a: { index: 1, heldSince: 5 }, b: { index: 2, lostSince: 0 } };
  const after: Plan = { ...genesis, at: 120_000, machines };
  expect(transitions(before, after).map(({ what }) => what)).toEqual([
    'b is lost: away for 2 m 0 s; moved: shop-web-1-r1',
    'a vanished at once: nothing is taken from them until they return or are replaced by name',
  ]);
  expect(transitions(after, { ...after, number: 1 })).toEqual([]);
});
