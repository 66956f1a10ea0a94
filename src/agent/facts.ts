import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os';
import { exec } from '#host/exec.ts';
import { machineNetworks } from '#host/machine-networks.ts';
import type { MachineNetwork } from '#plan/machine-network.ts';
import type { MachineFacts } from '#plan/model.ts';

/** Put in by the build; absent when the sources run as they are. */
declare const BALLAST_VERSION: string | undefined;
const version = typeof BALLAST_VERSION === 'string' ? BALLAST_VERSION : 'development';

interface Size {
  readonly cpus?: number;
  readonly memoryBytes?: number;
}

type Still = Omit<MachineFacts, 'diskFreeBytes' | 'podman' | 'hostKeys' | 'networks'>;

/** Networks come and go seldom, and to ask costs a process. */
const networksMs = 30_000;

/** What does not change while the machine runs, read once; what does is read each time. */
export function createFacts(sizeFile = '/etc/ballast/size.json'): () => Promise<MachineFacts> {
  let still: Still | undefined;
  let podman = '';
  let networks: { readonly found: readonly MachineNetwork[]; readonly until: number } | undefined;
  return async () => {
    still ??= await readStill(sizeFile);
    // It may be installed by the very first manifest.
    if (podman === '') podman = await podmanVersion();
    if (networks === undefined || performance.now() > networks.until) {
      networks = { found: await machineNetworks(), until: performance.now() + networksMs };
    }
    const moving = { diskFreeBytes: await diskFree(), ...(await hostKeys()) };
    return { ...still, podman, ...moving, networks: networks.found };
  };
}

async function readStill(sizeFile: string): Promise<Still> {
  const size = await readSize(sizeFile);
  return {
    hostname: hostname(),
    cpus: size.cpus ?? Math.min(availableParallelism(), (await cpuLimit()) ?? Number.POSITIVE_INFINITY),
    memoryBytes: size.memoryBytes ?? Math.min(totalmem(), (await memoryLimit()) ?? Number.POSITIVE_INFINITY),
    arch: { x64: 'amd64' }[arch() as string] ?? arch(),
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(await text('/etc/os-release'))?.[1] ?? 'Linux',
    kernel: release(),
    agent: version,
    bootId: (await text('/proc/sys/kernel/random/boot_id')).trim(),
  };
}

/** A machine that shares its kernel with others is told how big it is, since /proc shows the whole computer. */
async function readSize(path: string): Promise<Size> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Size;
  } catch {
    return {};
  }
}

async function cpuLimit(): Promise<number | undefined> {
  const [quota, period] = (await text('/sys/fs/cgroup/cpu.max')).split(' ').map(Number);
  if (quota && period) return quota / period;
  const old = Number(await text('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const oldPeriod = Number(await text('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return old > 0 && oldPeriod > 0 ? old / oldPeriod : undefined;
}

async function memoryLimit(): Promise<number | undefined> {
  const limit = Number(await text('/sys/fs/cgroup/memory.max'));
  if (limit > 0) return limit;
  const old = Number(await text('/sys/fs/cgroup/memory/memory.limit_in_bytes'));
  return old > 0 ? old : undefined;
}

async function diskFree(): Promise<number> {
  for (const path of ['/var/lib/containers', '/var/lib', '/']) {
    const found = await statfs(path).catch(() => undefined);
    if (found) return found.bavail * found.bsize;
  }
  return 0;
}

/** They may be made anew at any time, and are three small files. */
async function hostKeys(): Promise<Pick<MachineFacts, 'hostKeys'>> {
  const kinds = ['ecdsa', 'ed25519', 'rsa'];
  const lines = await Promise.all(kinds.map((kind) => text(`/etc/ssh/ssh_host_${kind}_key.pub`)));
  const found = lines.map((line) => line.trim().split(' ').slice(0, 2).join(' ')).filter((key) => key !== '');
  return found.length === 0 ? {} : { hostKeys: found };
}

async function podmanVersion(): Promise<string> {
  const found = await exec(['podman', '--version'], { timeoutMs: 10_000 }).catch(() => undefined);
  return /(\d[\w.~+-]*)/.exec(found?.stdout ?? '')?.[1] ?? '';
}

const text = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '');
