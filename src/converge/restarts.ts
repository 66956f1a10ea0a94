/** Starts of a container's process, as far as they were seen. */
export interface Restarts {
  /** Digest of the Quadlet it runs from: another text is another container, which has not restarted yet. */
  readonly quadlet: string;
  readonly invocation: string;
  /** systemd's own count, which an explicit restart sets back. */
  readonly counted: number;
  /** systemd has counted a restart whose process has not begun yet. */
  readonly due: boolean;
  readonly total: number;
  /** When it restarted within the last minute, ms since the epoch. */
  readonly recent: readonly number[];
  /** How it last ended. */
  readonly exitCode?: number;
}

export interface UnitFacts {
  readonly active: string;
  readonly sub: string;
  readonly result: string;
  readonly restarts: number;
  readonly exitCode: number;
  readonly exitKind: number;
  readonly exitedUs: number;
  readonly invocation: string;
}

const windowMs = 60_000;
/** Restarts within a minute that are too many to go on waiting. */
export const restartsMax = 3;

/** Restarts after looking at the unit. The first look takes systemd's count for granted. */
export function afterLook(
  known: Restarts | undefined,
  unit: UnitFacts,
  { now, quadlet }: { readonly now: number; readonly quadlet: string },
): Restarts {
  const exit = unit.exitKind === 0 ? {} : { exitCode: unit.exitCode };
  const fresh = { quadlet, invocation: unit.invocation, counted: unit.restarts, due: false };
  if (known === undefined || known.quadlet !== quadlet) {
    return { ...fresh, total: unit.restarts, recent: [], ...exit };
  }
  const begun = unit.invocation !== known.invocation;
  const counts = Math.max(0, unit.restarts - known.counted);
  // An explicit restart is not in systemd's count: it shows as a process that no counted restart explains.
  const explicit = counts === 0 && begun && known.invocation !== '' && unit.invocation !== '' && !known.due;
  const more = counts + (explicit ? 1 : 0);
  const recent = [...known.recent, ...Array.from({ length: Math.min(more, restartsMax) }, () => now)];
  const last = known.exitCode === undefined ? {} : { exitCode: known.exitCode };
  return {
    ...fresh,
    due: !begun && (known.due || counts > 0),
    total: known.total + more,
    recent: recent.filter((at) => now - at < windowMs).slice(-restartsMax),
    ...last,
    ...exit,
  };
}

/** Whether it restarts so often that it will not get better by itself. */
export const restartsTooOften = ({ recent }: Restarts, now: number): boolean =>
  recent.filter((at) => now - at < windowMs).length >= restartsMax;
