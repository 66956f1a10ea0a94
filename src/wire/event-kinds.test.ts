import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventKinds } from './event-kinds.ts';

const root = new URL('../', import.meta.url).pathname;
const told = globSync('{server,agent}/**/*.ts', { cwd: root })
  .filter((file) => !file.includes('.test.') && !file.includes('testing/'))
  .flatMap((file) => [
    ...readFileSync(`${root}${file}`, 'utf8').matchAll(/\bkind: '([a-z-]+)',[^{}]*?\bwhat[,:]/g),
  ])
  .map(([, kind = '']) => kind);

it('every kind of event that is told anywhere is known by name', () => {
  expect(told).toContain('machine-added');
  expect(told.filter((kind) => !eventKinds.includes(kind))).toEqual([]);
});

it('kinds are sorted, each once', () => {
  expect(eventKinds).toEqual([...new Set(eventKinds)].sort());
});
