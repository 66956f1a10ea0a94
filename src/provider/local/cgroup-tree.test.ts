import { describe, expect, test } from 'vitest';
import { limitsV1, limitsV2, parseHierarchies } from './cgroup-tree.ts';

const v1 = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,xattr,name=systemd 0 0
cgroup /somewhere/else/memory cgroup rw,relatime,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`;
const v2 = `cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0
/dev/sda1 / ext4 rw 0 0
`;

describe('cgroup hierarchies', () => {
  test('of version 1 are found once each, beside an empty one of version 2', () => {
    expect(parseHierarchies(v1)).toEqual([
      { mount: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: ['cpu', 'cpuacct'] },
      { mount: '/sys/fs/cgroup/memory', version: 1, controllers: ['memory'] },
      { mount: '/sys/fs/cgroup/systemd', version: 1, controllers: ['name=systemd'] },
      { mount: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
    ]);
  });

  test('of version 2 are one', () => {
    expect(parseHierarchies(v2)).toEqual([{ mount: '/sys/fs/cgroup', version: 2, controllers: [] }]);
  });
});

describe('limits', () => {
  const size = { cpus: 1.5, memoryBytes: 512 << 20 };
  const written = (writes: readonly { file: string; value: string }[]) =>
    Object.fromEntries(writes.map(({ file, value }) => [file, value]));

  test('are the same size in both versions', () => {
    expect(written(limitsV1(['memory'], size))).toMatchObject({
      'memory.limit_in_bytes': '536870912',
      'memory.memsw.limit_in_bytes': '536870912',
    });
    expect(written(limitsV1(['cpu', 'cpuacct'], size))).toEqual({
      'cpu.cfs_period_us': '100000',
      'cpu.cfs_quota_us': '150000',
    });
    expect(limitsV1(['pids'], size)).toEqual([]);
    expect(written(limitsV2(size))).toEqual({
      'memory.max': '536870912',
      'memory.swap.max': '0',
      'cpu.max': '150000 100000',
    });
  });

  test('that are not set are taken away', () => {
    expect(written(limitsV1(['memory'], {}))).toMatchObject({ 'memory.limit_in_bytes': '-1' });
    expect(written(limitsV1(['cpu'], {}))).toMatchObject({ 'cpu.cfs_quota_us': '-1' });
    expect(written(limitsV2({}))).toMatchObject({ 'memory.max': 'max', 'cpu.max': 'max 100000' });
  });
});
