import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPressure } from './pressure.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pressure-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function tree(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const meminfo = 'MemTotal:       24684092 kB\nMemFree:  18450124 kB\nMemAvailable:   22485720 kB\n';
const memory = async (memoryBytes: number) => (await readPressure({ root, memoryBytes })).memory;

test('a whole computer, with pressure', async () => {
  tree({
    'proc/meminfo': meminfo,
    'proc/pressure/memory':
      'some avg10=1.00 avg60=22.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=12.50 avg300=0.00 total=1\n',
  });
  expect(await memory(24_684_092 * 1024)).toEqual({
    freeBytes: 22_485_720 * 1024,
    totalBytes: 24_684_092 * 1024,
    stalledPercent: 12.5,
  });
});

test('a machine with a control group of version 2 of its own', async () => {
  tree({
    'proc/meminfo': meminfo,
    'sys/fs/cgroup/memory.current': '900\n',
    'sys/fs/cgroup/memory.stat': 'anon 100\ninactive_file 200\nactive_file 300\nslab 1\n',
    'sys/fs/cgroup/memory.pressure': 'full avg10=0.00 avg60=3.00 avg300=0.00 total=1\n',
  });
  expect(await memory(1000)).toEqual({ freeBytes: 600, totalBytes: 1000, stalledPercent: 3 });
});

test('a machine with a control group of version 1 of its own, on a kernel that says nothing of pressure', async () => {
  tree({
    'proc/meminfo': meminfo,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '900\n',
    'sys/fs/cgroup/memory/memory.stat':
      'active_file 9\ninactive_file 9\ntotal_inactive_file 200\ntotal_active_file 300\n',
  });
  expect(await memory(1000)).toEqual({ freeBytes: 600, totalBytes: 1000 });
});

test('the disk is that of the first place that exists', async () => {
  const { disk } = await readPressure({ root, memoryBytes: 1, places: [join(root, 'none'), root] });
  expect(disk.path).toBe(root);
  expect(disk.totalBytes).toBeGreaterThan(disk.freeBytes);
});
