/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  readonly mount: string;
  readonly version: 1 | 2;
  /** `memory`, `cpu`, … of version 1; the kernel lists those of version 2 in a file. */
  readonly controllers: readonly string[];
}

export interface Limits {
  readonly cpus?: number;
  readonly memoryBytes?: number;
}

export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
  /** Not there on every kernel. */
  readonly optional?: boolean;
}

const known = new Set(
  'blkio cpu cpuacct cpuset devices freezer hugetlb memory net_cls net_prio perf_event pids rdma misc'.split(
    ' ',
  ),
);

/** The cgroup hierarchies of a mount table, the text of /proc/self/mounts; each once, wherever else it is mounted. */
export function parseHierarchies(mounts: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mounts.split('\n')) {
    const [, mount, type, options = ''] = line.split(' ');
    if (mount === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    if (type === 'cgroup2') {
      if (!found.has('2')) found.set('2', { mount, version: 2, controllers: [] });
      continue;
    }
    const controllers = options.split(',').filter((word) => known.has(word) || word.startsWith('name='));
    const key = controllers.join();
    if (!found.has(key)) found.set(key, { mount, version: 1, controllers });
  }
  return [...found.values()];
}

const periodUs = 100_000;

/** The writes that hold a version 1 cgroup to its limits, for the hierarchy that has these controllers. */
export function limitsV1(controllers: readonly string[], { cpus, memoryBytes }: Limits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (controllers.includes('memory')) {
    const bytes = memoryBytes === undefined ? '-1' : String(memoryBytes);
    writes.push({ file: 'memory.use_hierarchy', value: '1', optional: true });
    // Swap would let a machine have more than its size; not every kernel counts it. It may never be lower than the
    // limit without swap, so it is written before for a limit that grows and after for one that shrinks.
    const withSwap = { file: 'memory.memsw.limit_in_bytes', value: bytes, optional: true };
    writes.push(withSwap, { file: 'memory.limit_in_bytes', value: bytes }, withSwap);
  }
  if (controllers.includes('cpu')) {
    writes.push({ file: 'cpu.cfs_period_us', value: String(periodUs) });
    writes.push({ file: 'cpu.cfs_quota_us', value: cpus === undefined ? '-1' : quota(cpus) });
  }
  return writes;
}

/** The same for version 2. A limit that is not wanted needs no controller that could hold it. */
export function limitsV2({ cpus, memoryBytes }: Limits): CgroupWrite[] {
  return [
    {
      file: 'memory.max',
      value: memoryBytes === undefined ? 'max' : String(memoryBytes),
      optional: memoryBytes === undefined,
    },
    { file: 'memory.swap.max', value: memoryBytes === undefined ? 'max' : '0', optional: true },
    {
      file: 'cpu.max',
      value: `${cpus === undefined ? 'max' : quota(cpus)} ${periodUs}`,
      optional: cpus === undefined,
    },
  ];
}

const quota = (cpus: number): string => String(Math.max(1_000, Math.round(cpus * periodUs)));
