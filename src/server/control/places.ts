import type { MachineRecord } from '#plan/model.ts';

/** A machine that is to be destroyed. Absent `place`: here. */
export interface StoredDestruction {
  readonly machine: string;
  readonly place?: string;
}

/** Where the server makes a machine: `local`, or `incus/SERVER`. Undefined for machines that others make. */
export function placeOf({ provider, on }: Pick<MachineRecord, 'provider' | 'on'>): string | undefined {
  if (provider === 'local') return 'local';
  return provider === 'incus' ? `incus/${on ?? ''}` : undefined;
}

/** What stands for a machine's destruction until it is done. */
export function destructionOf(machine: MachineRecord): StoredDestruction {
  const place = placeOf(machine);
  return place === undefined || place === 'local'
    ? { machine: machine.name }
    : { machine: machine.name, place };
}
