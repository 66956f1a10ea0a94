import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOriginals } from './originals.ts';

describe('a file that was there before', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ballast-originals-'));
    path = join(dir, 'motd');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test('comes back with its content and its mode', async () => {
    writeFileSync(path, 'of others', { mode: 0o640 });
    await createOriginals(join(dir, 'state')).keep(path);
    rmSync(path);
    writeFileSync(path, 'ours', { mode: 0o600 });
    const later = createOriginals(join(dir, 'state'));
    expect(await later.giveBack(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('of others');
    expect(lstatSync(path).mode & 0o777).toBe(0o640);
    expect(await later.giveBack(path)).toBe(false);
  });

  test('is copied once: what Ballast wrote is never taken for it', async () => {
    const originals = createOriginals(join(dir, 'state'));
    writeFileSync(path, 'of others');
    await originals.keep(path);
    writeFileSync(path, 'ours');
    await originals.keep(path);
    await originals.giveBack(path);
    expect(readFileSync(path, 'utf8')).toBe('of others');
  });

  test('may be a link', async () => {
    const originals = createOriginals(join(dir, 'state'));
    symlinkSync('/usr/share/somewhere', path);
    await originals.keep(path);
    rmSync(path);
    writeFileSync(path, 'ours');
    await originals.giveBack(path);
    expect(readlinkSync(path)).toBe('/usr/share/somewhere');
  });
});
