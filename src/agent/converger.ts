import { same } from '#base/json.ts';
import type { Manifest, ResourceKind } from '#compile/manifest.ts';
import { diff } from '#converge/diff.ts';
import { placeOf } from '#converge/kinds.ts';
import { beginSteps, endStep, type LedgerEntry, settleLedger } from '#converge/ledger.ts';
import type { Step } from '#converge/step.ts';
import type { Facilities, Facility } from '#host/facility.ts';
import type { DriftBook } from './drift-book.ts';
import { createFailures, type Failures } from './failures.ts';
import { type Guard, isGuarded } from './guard.ts';
import { explain, log } from './log.ts';
import type { Memory } from './memory.ts';
import { createObserver } from './observer.ts';
import { createRound, type Round } from './round.ts';
import { doubtOf, type Undone } from './undo.ts';

export interface ConvergerOptions {
  readonly facilities: Facilities;
  readonly memory: Memory;
  readonly signal: AbortSignal;
  /** A look at the machine has ended, or a step has. */
  readonly onChange: () => void;
  readonly onStep: (step: Step, outcome: 'done' | 'failed') => void;
  /** Stands by changes that could cut the machine off. Absent: they are made like all others. */
  readonly guard?: Guard;
  readonly onUndone?: (undone: Undone) => void;
  /** Decides what is done about drift. Absent: all of it is put right. */
  readonly drift?: DriftBook;
}

export interface Converger {
  /** Makes this manifest true from now on. */
  readonly hold: (manifest: Manifest) => void;
  /** The same manifest, for a machine among whose neighbours something changed: what failed waits as it did. */
  readonly adjust: (manifest: Manifest) => void;
  /** Something of these kinds may have changed, or at one place: look, and set right what is wrong. */
  readonly mark: (kinds: Iterable<ResourceKind>, place?: string) => void;
  readonly markAll: () => void;
  /** Generation of the newest manifest that the machine was seen to hold completely. */
  readonly converged: () => number;
  /** Generation of the newest manifest of which all was done that can be: what is left failed, or waits for that. */
  readonly tried: () => number;
  readonly failures: Failures;
  /** Numbers of the last look that was begun and of the last that ended with its steps under way. */
  readonly looks: () => { readonly begun: number; readonly ended: number };
  /** Reports that something of the agent's own fails, and that it is well again. */
  readonly complain: (what: string, cause: unknown) => void;
  readonly content: (what: string) => void;
  /** Key of the failed step that stands in a resource's way. */
  readonly blockerOf: (id: string) => string | undefined;
}

const inDoubt = 'agent:confirm';
/** Marks that come together are one look. */
const roundDelayMs = 20;

/**
 * The one loop that changes the machine. Each round looks at what may have changed, asks `diff` what there is to do
 * and starts what can be started; steps run side by side, and the end of each starts what waited for it. A round
 * does not wait for the steps of the one before, so that a slow pull holds up no new manifest.
 */
export function createConverger(options: ConvergerOptions): Converger {
  const { facilities, memory, signal, onChange, onStep, drift, guard, onUndone = () => {} } = options;
  const kinds = Object.keys(facilities) as ResourceKind[];
  const observer = createObserver(facilities);
  const failures = createFailures();
  const busy = new Set<string>();
  let manifest: Manifest | undefined;
  let converged = 0;
  let tried = 0;
  let round: Round = createRound([], () => false);
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let looking = false;
  let looks = { begun: 0, ended: 0 };

  function schedule(delayMs: number): void {
    if (timer !== undefined || looking || signal.aborted) return;
    timer = setTimeout(() => {
      timer = undefined;
      void runRound();
    }, delayMs);
  }

  async function runRound(): Promise<void> {
    const wanted = manifest;
    if (wanted === undefined || signal.aborted) return;
    looking = true;
    const { begun } = looks;
    looks = { ...looks, begun: begun + 1 };
    try {
      await lookAndPlan(wanted);
      await startSteps();
      if (manifest === wanted && busy.size === 0 && guard?.isOpen() !== true) tried = wanted.generation;
      void settle();
      looks = { ...looks, ended: begun + 1 };
      failures.content('agent:ledger');
    } catch (cause) {
      complain('agent:ledger', cause);
      observer.mark(kinds);
      setTimeout(() => schedule(0), 1_000);
    } finally {
      looking = false;
    }
    if (observer.isDirty() || manifest !== wanted) schedule(roundDelayMs);
    armRetry();
    onChange();
  }

  async function lookAndPlan(wanted: Manifest): Promise<void> {
    const blind = await observer.look(wanted, memory.ledger());
    if (manifest !== wanted) return;
    for (const [kind, why] of blind) {
      log.warn(`${kind} resources could not be looked at: ${why}`);
      setTimeout(() => mark([kind]), 1_000);
    }
    // What could not be seen is left alone: it may be well.
    const found = diff(wanted, observer.sights(), memory.ledger()).filter(
      ({ resource }) => !blind.has(resource.kind),
    );
    const isUnsure = ({ resource }: Step): boolean =>
      busy.has(placeOf(resource)) || observer.isStale(resource);
    const steps = (await drift?.judge(found, { manifest: wanted, blind, isUnsure }, Date.now())) ?? found;
    if (manifest !== wanted) return;
    round = createRound(
      steps,
      ({ resource }) => observer.isStale(resource),
      ({ key }) => failures.of(key) !== undefined,
    );
    failures.keepOnly(new Set(steps.map(({ key }) => key)));
    for (const step of steps) {
      const refusal = failures.of(step.key) === undefined ? guard?.refusal(step) : undefined;
      if (refusal) failures.add(step, refusal, Date.now());
    }
    if (steps.length > 0 || busy.size > 0 || blind.size > 0 || guard?.isOpen()) return;
    await memory.keepLedger(settleLedger(memory.ledger(), wanted, observer.sights()));
    if (converged !== wanted.generation) {
      await guard?.finish();
      log.info(`holds manifest ${wanted.generation}`);
    }
    converged = wanted.generation;
    drift?.settled();
  }

  async function startSteps(): Promise<void> {
    if (signal.aborted) return;
    const now = Date.now();
    const ready = round.take((step) => failures.holds(step, now) || guard?.holds(step) === true, busy);
    if (ready.length === 0) return;
    for (const { resource } of ready) busy.add(placeOf(resource));
    try {
      await guard?.begin(ready, memory.ledger());
      // On disk before anything is touched: what a crash interrupts is known to be ours.
      await memory.keepLedger(beginSteps(memory.ledger(), ready));
    } catch (cause) {
      for (const { resource } of ready) busy.delete(placeOf(resource));
      throw cause;
    }
    drift?.began(ready);
    for (const step of ready) void runStep(step);
  }

  async function runStep(step: Step): Promise<void> {
    const { resource, key, action } = step;
    let ok = false;
    try {
      // One cast in one place: the table has each kind's own facility.
      const facility = facilities[resource.kind] as unknown as Facility;
      const note = action === 'forget' ? undefined : await facility.apply(step);
      // Not waited for: the steps that follow are written down with it, and what a crash loses of it is seen anew.
      void memory.keepLedger(endStep(memory.ledger(), step, note)).catch(ledgerFails);
      ok = true;
      failures.succeeded(key);
      log.info(`${action} ${key}`);
    } catch (cause) {
      if (signal.aborted) return;
      const failure = failures.add(step, cause, Date.now());
      log.again(key, `${action} ${key} failed: ${failure.what}`);
    }
    busy.delete(placeOf(resource));
    observer.changed(resource);
    round.end(step, ok);
    drift?.ended(step, ok, Date.now());
    onStep(step, ok ? 'done' : 'failed');
    if (isGuarded(step)) guard?.ended(step, ok ? undefined : failures.of(key)?.failure.what);
    await startSteps().catch(ledgerFails);
    if (isGuarded(step)) await settle();
    schedule(roundDelayMs);
    onChange();
  }

  /** Changes that were undone are forgotten, as if they had never been begun. */
  async function settle(): Promise<void> {
    try {
      const outcome = (await guard?.settle(goBack)) ?? 'waits';
      failures.content('agent:guard');
      if (outcome === 'waits') return;
      const doubt = outcome === 'kept' ? undefined : doubtOf(outcome);
      if (doubt === undefined) failures.content(inDoubt);
      else complain(inDoubt, new Error(`changes were undone, and wait to be tried once more: ${doubt}`));
      if (outcome !== 'kept') onUndone(outcome);
    } catch (cause) {
      complain('agent:guard', cause);
    }
    mark(kinds);
  }

  async function goBack(entries: Readonly<Record<string, LedgerEntry | null>>): Promise<void> {
    const next: Record<string, LedgerEntry> = { ...memory.ledger() };
    for (const [place, entry] of Object.entries(entries)) {
      if (entry === null) delete next[place];
      else next[place] = entry;
    }
    await memory.keepLedger(next);
  }

  const ledgerFails = (cause: unknown): void => complain('agent:ledger', cause);

  function armRetry(): void {
    clearTimeout(retry);
    const at = failures.nextAt();
    if (at !== undefined && !signal.aborted)
      retry = setTimeout(() => schedule(0), Math.max(0, at - Date.now()) + 1);
  }

  function complain(what: string, cause: unknown): void {
    failures.complain(what, cause);
    log.again(what, `${what} fails: ${explain(cause)}`);
    onChange();
  }

  function mark(marked: Iterable<ResourceKind>, place?: string): void {
    // What a step is changing is looked at when the step has ended.
    if (place !== undefined && busy.has(place)) return;
    observer.mark(marked);
    schedule(roundDelayMs);
  }

  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    clearTimeout(retry);
  });

  function adjust(next: Manifest): void {
    observer.mark(kinds.filter((kind) => !seenFor(kind, manifest, next)));
    manifest = next;
    schedule(0);
  }

  return {
    hold(next) {
      failures.forgive();
      failures.content(inDoubt);
      guard?.turn();
      adjust(next);
    },
    adjust,
    mark,
    markAll: () => mark(kinds),
    converged: () => converged,
    tried: () => tried,
    failures,
    looks: () => looks,
    complain,
    content: (what) => failures.content(what),
    blockerOf: (id) => round.blockerOf(id),
  };
}

/** Kinds whose look starts a process, and says the same whatever is wanted of a place. */
const lookedAtByPlace: ReadonlySet<ResourceKind> = new Set(['firewall', 'unit', 'container']);

/** Whether what was seen for one manifest, and is watched since, says all that the next one asks for. */
function seenFor(kind: ResourceKind, before: Manifest | undefined, next: Manifest): boolean {
  if (before === undefined) return false;
  const asked = ({ resources }: Manifest): readonly unknown[] => {
    const own = resources.filter((resource) => resource.kind === kind);
    return lookedAtByPlace.has(kind) ? own.map((resource) => [resource.id, placeOf(resource)]) : own;
  };
  return same(asked(before), asked(next));
}
