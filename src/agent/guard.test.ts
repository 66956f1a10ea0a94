import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BallastError } from '#base/errors.ts';
import type { Resource } from '#compile/manifest.ts';
import type { Ledger } from '#converge/ledger.ts';
import type { Step } from '#converge/step.ts';
import { openGuard } from './guard.ts';

let directory: string;
let now = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guard-'));
  now = 1_000;
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const path = () => join(directory, 'settings');
const settings = (content: string): Resource => ({
  ...{ kind: 'file', id: `file:${path()}`, after: [], origin: 'test', path: path(), content },
  ...{ mode: 0o644, owner: 'root', group: 'root', confirm: true },
});
const change = (content: string, cause: Step['cause'] = 'intentional'): Step => ({
  ...{ key: `file:${path()}`, action: 'update', resource: settings(content), changes: [], cause },
  ...{ before: null, waitsFor: [] },
});

async function open({ cutOff = false, connected = true, steady = true, silent = false } = {}) {
  const told: string[] = [];
  const guard = await openGuard({
    stateDir: directory,
    now: () => now,
    connected: () => connected,
    steady: () => steady,
    async prove() {
      if (silent) throw new BallastError('unreachable', 'no answer');
      if (cutOff) throw new Error('nobody is there');
    },
    arm: async () => void told.push('arm'),
    disarm: async () => void told.push('disarm'),
  });
  const back: Record<string, unknown>[] = [];
  const settle = async () => await guard.settle(async (entries) => void back.push(entries));
  /** What the converger does with a step. */
  const make = async (step: Step, failure?: string, ledger: Ledger = {}) => {
    await guard.begin([step], ledger);
    if (failure === undefined) await writeFile(path(), 'new');
    guard.ended(step, failure);
    return await settle();
  };
  return { guard, told, back, settle, make };
}

const content = async () => await readFile(path(), 'utf8').catch(() => null);

test('a change that is proven stays, and its timer goes', async () => {
  const { make, told, guard } = await open();
  expect(await make(change('new'))).toBe('kept');
  expect(await content()).toBe('new');
  expect(told).toEqual(['arm', 'disarm']);
  expect(guard.isOpen()).toBe(false);
});

test('a change that cuts the machine off goes back, with the ledger, and is not made again', async () => {
  await writeFile(path(), 'old');
  const { make, back, guard } = await open({ cutOff: true });
  const outcome = await make(change('new'));
  expect(outcome).toMatchObject({ records: { [`file ${path()}`]: { why: 'nobody is there', until: null } } });
  expect(await content()).toBe('old');
  expect(back).toEqual([{ [`file ${path()}`]: null }]);
  expect(guard.holds(change('new'))).toBe(true);
  expect(guard.refusal(change('new'))).toMatchObject({ code: 'undone', detail: { why: 'nobody is there' } });
  expect(guard.holds(change('newer'))).toBe(false);
});

test('what was undone is remembered by the next run, until a person lets it be tried again', async () => {
  await (await open({ cutOff: true })).make(change('new'));
  const { guard } = await open();
  expect(guard.holds(change('new'))).toBe(true);
  await guard.forgive();
  expect(guard.holds(change('new'))).toBe(false);
  expect((await open()).guard.holds(change('new'))).toBe(false);
});

test('a change that nobody answers for goes back, is tried once more, and its second try decides', async () => {
  await writeFile(path(), 'old');
  const record = () => ({ records: { [`file ${path()}`]: { why: 'no answer', unanswered: true } } });
  const first = await open({ silent: true });
  expect(await first.make(change('new'))).toMatchObject(record());
  expect(await content()).toBe('old');
  expect(first.guard.refusal(change('new'))).toBeUndefined();
  expect(first.guard.holds(change('new'))).toBe(true);

  now += 60_000;
  // The control plane that has only just come back may go again.
  expect((await open({ steady: false })).guard.holds(change('new'))).toBe(true);
  const well = await open();
  expect(well.guard.holds(change('new'))).toBe(false);
  expect(await well.make(change('new'))).toBe('kept');

  await writeFile(path(), 'old');
  first.guard.turn();
  await first.make(change('newer'));
  now += 60_000;
  const second = await open({ silent: true });
  expect(second.guard.holds(change('newer'))).toBe(false);
  expect(await second.make(change('newer'))).toMatchObject({
    records: { [`file ${path()}`]: { until: null, tries: 2 } },
  });
  expect(await content()).toBe('old');
  expect(second.guard.refusal(change('newer'))).toMatchObject({ code: 'undone' });
});

test('a step that fails takes back what was made with it, and all of it is tried again later', async () => {
  await writeFile(path(), 'old');
  const { make, guard } = await open();
  await make(change('new'), 'no such program');
  expect(await content()).toBe('old');
  expect(guard.refusal(change('new'))).toBeUndefined();
  expect(guard.holds(change('new'))).toBe(true);
  now += 60_000;
  expect(guard.holds(change('new'))).toBe(false);
});

test('a run that was cut off is judged by the next one', async () => {
  await writeFile(path(), 'old');
  const first = await open();
  await first.guard.begin([change('new')], {});
  await writeFile(path(), 'new');
  const second = await open({ cutOff: true });
  expect(second.guard.holds(change('other'))).toBe(true);
  expect(await second.settle()).toMatchObject({ entries: { [`file ${path()}`]: null } });
  expect(await content()).toBe('old');
});

test('without the control plane such changes wait, and repairs do not', async () => {
  const { guard } = await open({ connected: false });
  expect(guard.holds(change('new'))).toBe(true);
  expect(guard.holds(change('new', 'corrective'))).toBe(false);
});

test('what was just made is not taken for drift while it is not proven', async () => {
  const { guard } = await open();
  await guard.begin([change('new')], {});
  expect(guard.holds(change('new', 'corrective'))).toBe(true);
  // What was proven before goes back with it, and is not taken for drift either.
  const earlier: Step = {
    ...change('x', 'corrective'),
    resource: { ...settings('x'), id: 'file:/x', path: '/x' } as Resource,
  };
  expect(guard.holds(earlier)).toBe(true);
});

test('what was proven goes back with what comes after it for the same manifest', async () => {
  await writeFile(path(), 'old');
  let cutOff = false;
  const options = {
    ...{
      stateDir: directory,
      now: () => now,
      connected: () => true,
      steady: () => true,
      arm: async () => {},
      disarm: async () => {},
    },
    async prove() {
      if (cutOff) throw new Error('nobody is there');
    },
  };
  const guard = await openGuard(options);
  const other = join(directory, 'other');
  const loads: Step = {
    ...change('x'),
    key: `file:${other}`,
    resource: { ...settings('x'), id: `file:${other}`, path: other } as Resource,
  };
  const settle = async () => await guard.settle(async () => {});
  const make = async (step: Step, file: string) => {
    await guard.begin([step], {});
    await writeFile(file, 'new');
    guard.ended(step);
    return await settle();
  };
  expect(await make(change('new'), path())).toBe('kept');
  cutOff = true;
  expect(await make(loads, other)).toMatchObject({ entries: { [`file ${path()}`]: null } });
  expect(await content()).toBe('old');

  cutOff = false;
  await make(change('newer'), path());
  guard.turn();
  cutOff = true;
  await make(loads, other);
  expect(await content()).toBe('new');
});
