import { BallastError } from '#base/errors.ts';
import { placeOf } from '#converge/kinds.ts';
import { appliedDigest, type Ledger } from '#converge/ledger.ts';
import type { Step } from '#converge/step.ts';
import { takeSnapshot } from '#host/snapshot.ts';
import {
  closeOpen,
  readOpen,
  readUndone,
  type Undone,
  type UndoRecord,
  undoOpen,
  type Verdict,
  writeOpen,
  writeUndone,
} from './undo.ts';

export interface GuardOptions {
  readonly stateDir: string;
  readonly now: () => number;
  /** Whether the control plane is connected: without it nobody could say that a change did no harm. */
  readonly connected: () => boolean;
  /** Whether that connection has held for a while: the control plane does not just come and go. */
  readonly steady: () => boolean;
  /** Throws, with the reason, when the machine is cut off by what was changed: `unreachable` when it may not be that. */
  readonly prove: (steps: readonly Step[]) => Promise<void>;
  readonly arm: () => Promise<void>;
  readonly disarm: () => Promise<void>;
}

/**
 * Commit-confirm. A change that could cut the machine off has its way back on disk, and a timer that takes it,
 * before it is made; it stays only when the machine proves that it is reached still.
 */
export interface Guard {
  /** Whether the step has to wait, or is not to be made at all. */
  readonly holds: (step: Step) => boolean;
  /** Why a step that was undone is not made again; undefined for all others. */
  readonly refusal: (step: Step) => BallastError | undefined;
  /** Another manifest is to be held: what is changed for it does not go back with what was changed before. */
  readonly turn: () => void;
  /** All of a manifest is held: nothing of it goes back any more. */
  readonly finish: () => Promise<void>;
  /** To be called before such steps are made. */
  readonly begin: (steps: readonly Step[], ledger: Ledger) => Promise<void>;
  /** To be called after each of them. */
  readonly ended: (step: Step, failure?: string) => void;
  /** Whether something is changed and not proven yet. */
  readonly isOpen: () => boolean;
  /**
   * Proves or undoes what was changed, once none of it is under way: `waits` when there is nothing to judge, or not
   * yet. What was undone is answered with, after `goBack` put the ledger back to what it was.
   */
  readonly settle: (goBack: (entries: LedgerEntries) => Promise<void>) => Promise<Undone | 'kept' | 'waits'>;
  /** Lets what was undone be tried again. */
  readonly forgive: () => Promise<void>;
}

type LedgerEntries = NonNullable<Undone['entries']>;

/** Repairs go back to what was proven once. */
export const isGuarded = ({ resource, cause, action }: Step): boolean =>
  resource.confirm === true && cause === 'intentional' && action !== 'forget';

export async function openGuard(options: GuardOptions): Promise<Guard> {
  const { stateDir, now, connected, steady, prove, arm, disarm } = options;
  const running = new Set<Step>();
  let made: Step[] = [];
  let failed: string | undefined;
  let settling = false;
  let { records } = await readUndone(stateDir);
  // From a run of this program that was cut off: neither proven nor undone.
  let left =
    (await readOpen(stateDir))?.proven === false || (await readUndone(stateDir)).entries !== undefined;
  // Whether what is on disk belongs to another manifest than what comes next.
  let isPast = false;

  const recordOf = (step: Step): UndoRecord | undefined => {
    const record = records[placeOf(step.resource)];
    if (record?.digest !== digestOf(step)) return undefined;
    const mayTry = record.until !== null && now() >= record.until && (!record.unanswered || steady());
    return mayTry ? undefined : record;
  };

  async function keep(): Promise<void> {
    const proven = new Set(made.map(({ resource }) => placeOf(resource)));
    if (Object.keys(records).some((place) => proven.has(place))) {
      records = Object.fromEntries(Object.entries(records).filter(([place]) => !proven.has(place)));
      await writeUndone(stateDir, { records });
    }
    const open = await readOpen(stateDir);
    if (open) await writeOpen(stateDir, { ...open, proven: true });
  }

  async function judge(): Promise<Verdict | undefined> {
    if (failed !== undefined) return { why: failed, kind: 'failed' };
    return await prove(made).then(
      () => undefined,
      (cause: unknown) => ({
        why: cause instanceof Error ? cause.message : String(cause),
        kind: cause instanceof BallastError && cause.code === 'unreachable' ? 'unanswered' : 'cut',
      }),
    );
  }

  return {
    holds(step) {
      // What was just undone, perhaps by the timer, looks like drift until the ledger has gone back as well.
      const isMade = made.some((one) => placeOf(one.resource) === placeOf(step.resource));
      const mayBeUndone = made.length > 0 && (isMade || step.cause === 'corrective');
      if (step.resource.confirm === true && (settling || left || mayBeUndone)) return true;
      return isGuarded(step) && (!connected() || recordOf(step) !== undefined);
    },
    isOpen: () => settling || left || made.length > 0,
    refusal(step) {
      const record = isGuarded(step) ? recordOf(step) : undefined;
      return record?.until === null ? undone(step, record.why) : undefined;
    },
    turn() {
      isPast = true;
    },
    async finish() {
      if (made.length === 0 && !left) await closeOpen(stateDir);
    },
    async begin(steps, ledger) {
      const mine = steps.filter(isGuarded);
      if (mine.length === 0) return;
      const known = await readOpen(stateDir);
      const open = known && !(known.proven && isPast) ? known : { places: {}, snapshots: [] };
      isPast = false;
      const places = { ...open.places };
      const snapshots = [...open.snapshots];
      for (const step of mine) {
        const place = placeOf(step.resource);
        if (place in places) continue;
        const snapshot = await takeSnapshot(step.resource);
        if (snapshot) snapshots.push(snapshot);
        places[place] = { digest: digestOf(step), entry: ledger[place] ?? null };
      }
      await writeOpen(stateDir, { proven: false, places, snapshots });
      if (running.size === 0 && made.length === 0) await arm();
      for (const step of mine) running.add(step);
      made = [...made, ...mine];
    },
    ended(step, failure) {
      if (!running.delete(step) || failure === undefined) return;
      failed ??= `${step.resource.id} failed: ${failure}`;
    },
    async settle(goBack) {
      if (settling || running.size > 0 || (made.length === 0 && !left)) return 'waits';
      settling = true;
      try {
        const verdict = await judge();
        if (verdict !== undefined) await undoOpen(stateDir, verdict, now());
        const outcome = await readUndone(stateDir);
        // The timer may have been faster.
        if (outcome.entries === undefined) await keep();
        else {
          records = outcome.records;
          await goBack(outcome.entries);
          await writeUndone(stateDir, { records });
        }
        await disarm();
        made = [];
        failed = undefined;
        left = false;
        return outcome.entries === undefined ? 'kept' : outcome;
      } finally {
        settling = false;
      }
    },
    async forgive() {
      if (Object.keys(records).length === 0) return;
      records = {};
      await writeUndone(stateDir, { records });
    },
  };
}

const digestOf = ({ action, resource }: Step): string =>
  action === 'delete' ? `-${appliedDigest(resource)}` : appliedDigest(resource);

const undone = ({ resource }: Step, why: string): BallastError =>
  new BallastError('undone', `${resource.id} was undone, since it cut the machine off`, {
    why,
    fix: 'change what asked for it, or have it tried again: ballast repair',
  });
