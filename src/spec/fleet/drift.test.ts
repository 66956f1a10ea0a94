import { describe, expect, test } from 'vitest';
import { parseUntil } from './drift.ts';
import { parseFleet } from './parse.ts';

const parse = (drift: string) =>
  parseFleet({
    file: 'fleet.yaml',
    text: `fleet: acme\nmachines:\n  app: { provider: local, count: 2 }\ndrift:\n${drift}`,
    env: {},
  });

test('drift is read with its exceptions', () => {
  const parsed = parse(
    '  repair: report\n  allow:\n    - { resource: "file:/etc/motd", machines: app-*, until: 2026-12-01 }\n    - { resource: "*", until: 2026-12-01T18:00:00+02:00 }\n',
  );
  expect(parsed).toMatchObject({ ok: true });
  expect(parsed.ok && parsed.warnings).toBeFalsy();
  expect(parsed.ok && parsed.value.fleet.drift).toEqual({
    repair: 'report',
    allow: [
      { resource: 'file:/etc/motd', machines: 'app-*', until: Date.UTC(2026, 11, 2) },
      { resource: '*', until: Date.UTC(2026, 11, 1, 16) },
    ],
  });
});

test('a fleet that says nothing of drift has none of it', () => {
  const parsed = parseFleet({
    file: 'fleet.yaml',
    text: 'fleet: acme\nmachines: { app: { provider: local } }\n',
    env: {},
  });
  expect(parsed.ok && parsed.value.fleet).not.toHaveProperty('drift');
});

test.each<[string, string, string, number]>([
  ['a word that is no way', '  repair: never\n', 'repair', 5],
  ['a date that is none', '  allow: [{ resource: "file:/x", until: soon }]\n', 'soon is no date', 5],
  ['a day that does not exist', '  allow: [{ resource: "file:/x", until: 2026-02-30 }]\n', '2026-02-30', 5],
  ['an exception without end', '  allow: [{ resource: "file:/x" }]\n', 'until', 5],
  ['an exception for nothing', '  allow: [{ until: 2026-12-01 }]\n', 'resource', 5],
  ['an unknown key', '  repairs: always\n', 'repairs', 5],
])('%s is refused with its place', (_, text, says, line) => {
  const parsed = parse(text);
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([
    { what: expect.stringContaining(says), at: { file: 'fleet.yaml', line } },
  ]);
});

test.each<[string, string, string]>([
  [
    'a kind that is misspelt',
    '{ resource: "fil:/etc/motd", until: 2026-12-01 }',
    'did you mean file:/etc/motd?',
  ],
  ['machines that are not there', '{ resource: "*", machines: web-1, until: 2026-12-01 }', 'web-1'],
])('%s is warned of', (_, entry, says) => {
  const parsed = parse(`  allow: [${entry}]\n`);
  expect(parsed.ok && JSON.stringify(parsed.warnings)).toContain(says);
});

describe('an end of an exception', () => {
  test.each<[string, number | undefined]>([
    ['2026-12-01', Date.UTC(2026, 11, 2)],
    ['2026-12-31', Date.UTC(2027, 0, 1)],
    ['2026-12-01T18:00Z', Date.UTC(2026, 11, 1, 18)],
    ['2026-12-01T18:00:30-01:30', Date.UTC(2026, 11, 1, 19, 30, 30)],
    ['2026-12-01T25:00Z', undefined],
    ['2026-13-01', undefined],
    ['2026-12-01T18:00', undefined],
    ['tomorrow', undefined],
  ])('%s', (text, at) => expect(parseUntil(text)).toBe(at));
});
