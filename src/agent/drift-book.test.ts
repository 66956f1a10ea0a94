import { expect, test } from 'vitest';
import type { DriftRules, Manifest, Resource } from '#compile/manifest.ts';
import type { Step } from '#converge/step.ts';
import { createDriftBook } from './drift-book.ts';
import type { KeptDrift } from './drift-file.ts';
import type { News } from './news.ts';

const file: Resource = {
  ...{
    kind: 'file',
    id: 'file:/etc/motd',
    path: '/etc/motd',
    content: 'x',
    after: [],
    origin: 'fleet.yaml:3:1',
  },
  ...{ mode: 0o644, owner: 'root', group: 'root' },
};
const sysctl: Resource = {
  kind: 'sysctl',
  id: 'sysctl:a.b',
  key: 'a.b',
  value: '1',
  after: [],
  origin: 'test',
};

const step = (resource: Resource, more: Partial<Step> = {}): Step => ({
  ...{ key: resource.id, action: 'update', resource, cause: 'corrective', before: {}, waitsFor: [] },
  changes: [{ name: 'mode', before: '0600', after: '0644' }],
  ...more,
});

function opened({ rules, boot = 'b1', kept }: { rules?: DriftRules; boot?: string; kept?: KeptDrift } = {}) {
  const news: News[] = [];
  let written: KeptDrift = kept ?? { boot: 'b1', entries: {} };
  const book = createDriftBook({
    file: { read: () => written, write: (next) => (written = next) },
    bootId: boot,
    who: async () => ({ text: 'by ana (session 4)', name: 'ana (session 4)', certain: true }),
    onNews: (one) => news.push(one),
  });
  const manifest: Manifest = {
    ...{ machine: 'm', generation: 1, resources: [file, sysctl] },
    ...(rules ? { drift: rules } : {}),
  };
  const unsure = new Set<string>();
  const judge = async (steps: readonly Step[], now = 1_000) =>
    (
      await book.judge(steps, { manifest, blind: new Set(), isUnsure: ({ key }) => unsure.has(key) }, now)
    ).map(({ key }) => key);
  return { book, news, judge, unsure, kept: () => written, told: () => news.map(({ stage }) => stage) };
}

test('what differs is found, put right, and both are told with the name of who did it', async () => {
  const { book, news, judge } = opened();
  expect(await judge([step(file)])).toEqual([file.id]);
  expect(book.list()).toMatchObject([{ resource: file.id, since: 1_000, doing: 'repairing' }]);
  book.ended(step(file), true, 1_120);
  expect(book.list()).toEqual([]);
  expect(news).toMatchObject([
    { stage: 'found', cause: 'corrective', by: 'ana (session 4)', subject: file.id },
    { stage: 'repaired', what: `${file.id} differed (mode) and is put right after 120 ms` },
  ]);
});

test('a change that was asked for is no drift', async () => {
  const { news, judge, book } = opened({ rules: { repair: 'report', allow: [] } });
  expect(await judge([step(file, { cause: 'intentional' })])).toEqual([file.id]);
  expect([...news, ...book.list()]).toEqual([]);
});

test('in report mode nothing is done, and it is told once', async () => {
  const { book, judge, told } = opened({ rules: { repair: 'report', allow: [] } });
  expect(await judge([step(file)])).toEqual([]);
  expect(await judge([step(file)], 2_000)).toEqual([]);
  expect(book.list()).toMatchObject([{ doing: 'reported', since: 1_000, by: 'by ana (session 4)' }]);
  expect(told()).toEqual(['reported']);
  await judge([step(file, { changes: [{ name: 'owner', before: 'a', after: 'root' }] })], 3_000);
  expect(told()).toEqual(['reported', 'reported']);
  await judge([]);
  expect(told().at(-1)).toBe('over');
});

test('an exception holds until it ends', async () => {
  const allow = [{ resource: 'file:/etc/*', until: 5_000 }];
  const { book, judge, told } = opened({ rules: { repair: 'always', allow } });
  expect(await judge([step(file), step(sysctl)])).toEqual([sysctl.id]);
  expect(book.list()[0]).toMatchObject({ doing: 'allowed', until: 5_000 });
  expect(await judge([step(file)], 5_000)).toEqual([file.id]);
  expect(told().filter((stage) => stage === 'allowed' || stage === 'found')).toEqual([
    'allowed',
    'found',
    'found',
  ]);
});

test('somebody who asks for a repair gets it, once', async () => {
  const { book, judge } = opened({ rules: { repair: 'report', allow: [] } });
  await judge([step(file), step(sysctl)]);
  const takeBack = book.release('file:*');
  expect(await judge([step(file), step(sysctl)])).toEqual([file.id]);
  book.ended(step(file), true, 1_100);
  takeBack();
  expect(await judge([step(file)])).toEqual([]);
});

test('what a start of the machine took away is put back in report mode too, and named so', async () => {
  const { book, judge, news } = opened({ rules: { repair: 'report', allow: [] }, boot: 'b2' });
  expect(await judge([step(file), step(sysctl)])).toEqual([sysctl.id]);
  book.ended(step(sysctl), true, 1_100);
  expect(news.map(({ what }) => what)).toEqual([
    expect.stringContaining('is left so until somebody runs ballast repair'),
    'sysctl:a.b was not there after a start of the machine and is put right',
  ]);
  book.settled();
  expect(await judge([step(file), step(sysctl)])).toEqual([]);
});

test('a step that is under way is not found a second time', async () => {
  const { judge, told, unsure, book } = opened();
  await judge([step(file)]);
  book.ended(step(file), true, 1_100);
  unsure.add(file.id);
  expect(await judge([step(file)])).toEqual([file.id]);
  expect(told()).toEqual(['found', 'repaired']);
});

test('a look in the middle of a repair does not take it for over', async () => {
  const { judge, told, book } = opened();
  await judge([step(file)]);
  book.began([step(file)]);
  await judge([], 1_050);
  book.ended(step(file), true, 1_100);
  expect(told()).toEqual(['found', 'repaired']);
});

test('a restart of the agent forgets neither since when nor by whom', async () => {
  const first = opened({ rules: { repair: 'report', allow: [] } });
  await first.judge([step(file)]);
  const second = opened({ rules: { repair: 'report', allow: [] }, kept: first.kept() });
  await second.judge([step(file)], 9_000);
  expect(second.book.list()).toMatchObject([{ since: 1_000, by: 'by ana (session 4)' }]);
  expect(second.news).toEqual([]);
});
