import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hostPackages, missingTools } from './host-tools.ts';

test('what the project sets up on a fresh computer has every tool that Ballast installs for itself', () => {
  const prepared = readFileSync('scripts/host-packages.txt', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ')[1]);
  expect(Object.values(hostPackages).filter((name) => !prepared.includes(name))).toEqual([]);
});

test('a tool is missing only if no directory of programs has it', () => {
  expect(missingTools(['nsenter'])).toEqual([]);
});
