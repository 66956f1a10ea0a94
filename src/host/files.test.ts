import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileResource, Manifest } from '#compile/manifest.ts';
import { diff } from '#converge/diff.ts';
import { beginSteps, endStep, type Ledger } from '#converge/ledger.ts';
import { createFiles } from './files.ts';

describe('a file', () => {
  let dir: string;
  let path: string;
  let ledger: Ledger;
  const { uid, gid } = process.getuid
    ? { uid: process.getuid(), gid: process.getgid?.() }
    : { uid: 0, gid: 0 };

  const wanted = (content: string, more: Partial<FileResource> = {}): FileResource => ({
    ...{ kind: 'file', id: `file:${path}`, path, content, mode: 0o600, after: [], origin: 'test' },
    ...{ owner: String(uid), group: String(gid) },
    ...more,
  });

  /** One round of an agent; answers with what it did. */
  async function hold(...resources: readonly FileResource[]): Promise<readonly string[]> {
    const files = createFiles({ secret: () => undefined, stateDir: join(dir, 'state') });
    const manifest: Manifest = { machine: 'm', generation: 1, resources };
    const steps = diff(manifest, await files.observe(resources, ledger), ledger);
    ledger = beginSteps(ledger, steps);
    for (const step of steps) {
      ledger = endStep(ledger, step, await files.apply(step as Parameters<typeof files.apply>[0]));
    }
    return steps.map(({ action }) => action);
  }

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ballast-files-'));
    path = join(dir, 'etc', 'file');
    mkdirSync(join(dir, 'etc'));
    ledger = {};
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test('that its program refuses is not put in place, and nothing is left beside it', async () => {
    const check = ['grep', '-q', 'sound', '{}'];
    await hold(wanted('sound', { check }));
    await expect(hold(wanted('broken', { check }))).rejects.toMatchObject({
      message: `grep does not accept the new ${path}`,
    });
    expect(readFileSync(path, 'utf8')).toBe('sound');
    expect(readdirSync(join(dir, 'etc'))).toEqual(['file']);
  });

  test('tells its readers when it was written and when it goes, and not when nothing changed', async () => {
    const log = join(dir, 'log');
    const afterwards = [['sh', '-c', `echo told >> ${log}`]];
    expect(await hold(wanted('a', { afterwards }))).toEqual(['create']);
    expect(await hold(wanted('a', { afterwards }))).toEqual([]);
    expect(await hold(wanted('b', { afterwards }))).toEqual(['update']);
    expect(await hold()).toEqual(['delete']);
    expect(readFileSync(log, 'utf8')).toBe('told\n'.repeat(3));
  });

  test('whose readers were not told before a crash tells them the next time', async () => {
    const log = join(dir, 'log');
    await expect(hold(wanted('a', { afterwards: [['false']] }))).rejects.toThrow('false failed');
    expect(await hold(wanted('a', { afterwards: [['touch', log]] }))).toEqual(['update']);
    expect(existsSync(log)).toBe(true);
  });

  test('that was there before Ballast comes back when the manifest no longer names it', async () => {
    writeFileSync(path, 'of others', { mode: 0o644 });
    await hold(wanted('ours'));
    writeFileSync(path, 'by hand');
    await hold(wanted('ours'));
    await hold(wanted('ours, changed'));
    await hold();
    expect(readFileSync(path, 'utf8')).toBe('of others');
  });

  test('that was there before just so stays', async () => {
    writeFileSync(path, 'the same', { mode: 0o600 });
    ledger = {};
    await hold(wanted('the same', { mode: 0o640 }));
    await hold();
    expect(readFileSync(path, 'utf8')).toBe('the same');
  });

  test('that Ballast made goes', async () => {
    await hold(wanted('ours'));
    await hold();
    expect(existsSync(path)).toBe(false);
  });
});
