import { readFile } from 'node:fs/promises';
import type { Peer } from '#wire/peer.ts';

/** By what this running system differs from a copy of its disk. */
export async function thisSystem(): Promise<Peer> {
  const [bootId, machineId] = await Promise.all([
    line('/proc/sys/kernel/random/boot_id'),
    line('/etc/machine-id'),
  ]);
  return { ...(bootId ? { bootId } : {}), ...(machineId ? { machineId } : {}) };
}

const line = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();
