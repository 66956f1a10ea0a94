import { showSize } from '#base/size.ts';
import type { Client } from '#wire/client.ts';
import type { MachineUsage, ReplicaUsage } from '#wire/usage.ts';

export interface KnownUsage {
  readonly machines: ReadonlyMap<string, MachineUsage>;
  readonly replicas: ReadonlyMap<string, ReplicaUsage>;
}

/** What everything uses now. */
export async function askUsage(client: Client, signal: AbortSignal): Promise<KnownUsage> {
  const { machines } = await client.call('listUsage', {}, { signal });
  return {
    machines: new Map(machines.map((one) => [one.machine, one])),
    replicas: new Map(machines.flatMap(({ replicas }) => Object.entries(replicas))),
  };
}

/** `12 %` of one processor. */
export const showCpuUse = (usage: { readonly cpus: number } | undefined): string =>
  usage === undefined ? '' : `${Math.round(usage.cpus * 100)} %`;

/** `34 MiB/256 MiB`, without the limit where there is none. */
export function showMemoryUse(usage: ReplicaUsage | undefined): string {
  if (usage === undefined) return '';
  const { memoryBytes, memoryLimitBytes } = usage;
  return showSize(memoryBytes) + (memoryLimitBytes === null ? '' : `/${showSize(memoryLimitBytes)}`);
}
