import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readUsage } from './usage.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'usage-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function tree(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, 'sys/fs/cgroup', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }
}

const web = 'system.slice/web.service/libpod-payload-0123';
const read = async () =>
  Object.fromEntries(await readUsage({ root, containers: ['web', 'gone'], pauseMs: 1 }));

test('control groups of version 2', async () => {
  tree({
    'cgroup.controllers': 'cpuset cpu io memory pids',
    'cpu.stat': 'usage_usec 500\nuser_usec 1',
    [`${web}/cpu.stat`]: 'usage_usec 1000000\nuser_usec 1',
    [`${web}/memory.current`]: '1000',
    [`${web}/memory.stat`]: 'anon 1\ninactive_file 300\nactive_file 5',
    [`${web}/memory.max`]: '67108864',
    [`${web}/pids.current`]: '3',
  });
  expect(await read()).toEqual({
    web: { cpus: 0, memoryBytes: 700, memoryLimitBytes: 67_108_864, pids: 3 },
  });
});

test('control groups of version 1, and the machine as a whole where it has a group of its own', async () => {
  tree({
    'memory/memory.usage_in_bytes': '5000',
    'memory/memory.stat': 'total_inactive_file 1000',
    'memory/memory.limit_in_bytes': '1073741824',
    'pids/pids.current': '40',
    'cpuacct/cpuacct.usage': '9',
    [`memory/${web}/memory.usage_in_bytes`]: '1000',
    [`memory/${web}/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 300',
    [`memory/${web}/memory.limit_in_bytes`]: '9223372036854771712',
    [`cpuacct/${web}/cpuacct.usage`]: '1000000000',
    [`pids/${web}/pids.current`]: '3',
  });
  expect(await read()).toEqual({
    '': { cpus: 0, memoryBytes: 4000, memoryLimitBytes: 1_073_741_824, pids: 40 },
    web: { cpus: 0, memoryBytes: 700, memoryLimitBytes: null, pids: 3 },
  });
});
