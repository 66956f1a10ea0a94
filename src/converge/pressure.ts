import { showSize } from '#base/size.ts';
import type { MachineCondition } from '#plan/model.ts';

/** What a machine has left, as it was just read. */
export interface Pressure {
  /** The disk that images, containers and volumes are on. */
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly totalBytes: number };
  readonly memory: {
    readonly freeBytes: number;
    readonly totalBytes: number;
    /** Share of the last minute, in percent, in which everything waited for memory; undefined: the kernel does not say. */
    readonly stalledPercent?: number;
  };
}

export interface Judged {
  readonly conditions: readonly MachineCondition[];
  /** Kinds that were seen once and not yet twice: a moment's shortage is none. */
  readonly suspects: readonly MachineCondition['kind'][];
}

const MiB = 1024 ** 2;
/** A condition ends when there is so much more than what began it: it must not come and go. */
const enough = 1.25;
const stalledMuch = 20;
const stalledLittle = 5;

/** What has to stay free of a disk when nobody said so: a twentieth, from 256 MiB to 4 GiB. */
export const diskReserve = (totalBytes: number): number =>
  Math.min(4096 * MiB, Math.max(256 * MiB, totalBytes / 20));

/** What has to stay free of memory: a twentieth, from 32 MiB to 512 MiB. */
const memoryReserve = (totalBytes: number): number =>
  Math.min(512 * MiB, Math.max(32 * MiB, totalBytes / 20));

/**
 * What the machine runs short of. A condition begins when it is seen twice in a row, and ends when there is clearly
 * more again. Its text is that of its beginning. Pure.
 */
export function judgePressure(
  seen: Pressure,
  before: Judged,
  { now, diskBytes }: { readonly now: number; readonly diskBytes?: number | undefined },
): Judged {
  const findings = [diskFinding(seen, diskBytes), memoryFinding(seen)];
  const conditions: MachineCondition[] = [];
  const suspects: MachineCondition['kind'][] = [];
  for (const { kind, short, well, what } of findings) {
    const lasting = before.conditions.find((condition) => condition.kind === kind);
    if (lasting !== undefined) {
      if (!well) conditions.push(lasting);
    } else if (short && before.suspects.includes(kind)) conditions.push({ kind, since: now, what });
    else if (short) suspects.push(kind);
  }
  return { conditions, suspects };
}

interface Finding {
  readonly kind: MachineCondition['kind'];
  readonly short: boolean;
  readonly well: boolean;
  readonly what: string;
}

function diskFinding({ disk }: Pressure, diskBytes?: number): Finding {
  const { path, freeBytes, totalBytes } = disk;
  const least = diskBytes ?? diskReserve(totalBytes);
  return {
    kind: 'disk-pressure',
    short: freeBytes < least,
    well: freeBytes >= Math.min(least * enough, totalBytes),
    what: `${showSize(freeBytes)} of ${showSize(totalBytes)} free at ${path}, less than ${showSize(least)}`,
  };
}

function memoryFinding({ memory }: Pressure): Finding {
  const { freeBytes, totalBytes, stalledPercent = 0 } = memory;
  const least = memoryReserve(totalBytes);
  const stalled = stalledPercent >= stalledMuch;
  const left = `${showSize(freeBytes)} of ${showSize(totalBytes)} of memory free`;
  return {
    kind: 'memory-pressure',
    short: freeBytes < least || stalled,
    well: freeBytes >= least * enough && stalledPercent < stalledLittle,
    what: stalled ? `${left}, and everything waits for it ${Math.round(stalledPercent)} % of the time` : left,
  };
}
