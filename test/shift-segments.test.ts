import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shiftSegments } from '../scripts/executable/shift-segments.ts';

/** Offset in the file and address in memory of each segment that is loaded. */
function segments(file: Buffer): [offset: bigint, address: bigint][] {
  const first = Number(file.readBigUInt64LE(32));
  return Array.from({ length: file.readUInt16LE(56) }, (_, n) => first + n * 56)
    .filter((at) => file.readUInt32LE(at) === 1)
    .map((at) => [file.readBigUInt64LE(at + 8), file.readBigUInt64LE(at + 16)]);
}

const largePage = 2n << 20n;
/** What lies in the file as in memory, counted from a multiple of a large page. */
const congruent = ([offset, address]: [bigint, bigint]): boolean => (address - offset) % largePage === 0n;
/** Any program will do: here they are all made alike. */
const program = readFileSync('/bin/sh');

test('an executable whose segments are moved runs as before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-shift-'));
  try {
    const path = join(folder, 'sh');
    writeFileSync(path, shiftSegments(program), { mode: 0o755 });
    expect(execFileSync(path, ['-c', 'echo well'], { encoding: 'utf8' })).toBe('well\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what could be mapped by large pages no longer can, and all is where it was in memory', () => {
  const before = segments(program);
  const after = segments(shiftSegments(program));
  const large = before.flatMap((segment, n) => (congruent(segment) ? [n] : []));
  expect(large).not.toEqual([]);
  expect(large.filter((n) => after.slice(n, n + 1).some(congruent))).toEqual([]);
  expect(after.map(([, address]) => address)).toEqual(before.map(([, address]) => address));
});

test('what is no executable, or wants more alignment, is refused', () => {
  expect(() => shiftSegments(Buffer.from('#!/bin/sh\n'))).toThrow('no 64-bit little-endian ELF file');
  const wide = Buffer.from(program);
  const first = Number(wide.readBigUInt64LE(32));
  for (let n = 0; n < wide.readUInt16LE(56); n += 1) wide.writeBigUInt64LE(largePage, first + n * 56 + 48);
  expect(() => shiftSegments(wide)).toThrow('aligned to 2097152 bytes');
});
