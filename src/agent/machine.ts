import type { Manifest } from '#compile/manifest.ts';
import { createFacilities } from '#host/facilities.ts';
import { openJobBook } from '#host/jobs.ts';
import { armUndo, disarmUndo } from '#host/undo-timer.ts';
import type { RepairOutcome, ToAgent } from '#wire/agent-messages.ts';
import { refusal } from './acceptance.ts';
import { type Converger, createConverger } from './converger.ts';
import { openDrift } from './drift.ts';
import type { DriftBook } from './drift-book.ts';
import { createExpiry } from './expiry.ts';
import { type GuardOptions, openGuard } from './guard.ts';
import { log } from './log.ts';
import { type Memory, openMemory } from './memory.ts';
import { type MeshWatch, watchMesh } from './mesh-watch.ts';
import { openNeighbours } from './neighbours/neighbours.ts';
import { type News, newsOfCrash, newsOfOom, newsOfUndone, newsOfUnhealthy } from './news.ts';
import { containersOf, createReplicas, type Replicas, type ReplicasOptions } from './replicas.ts';
import { createStepNews } from './step-news.ts';
import { openVault } from './vault.ts';
import { startWatch } from './watch/watch.ts';

export interface MachineOptions {
  readonly machine: string;
  readonly stateDir: string;
  /** It joins a fleet anew: an older manifest counts no more. */
  readonly anew: boolean;
  readonly signal: AbortSignal;
  /** The way to the control plane, as far as changes have to be confirmed over it. */
  readonly control: Pick<GuardOptions, 'connected' | 'steady' | 'prove'>;
  /** What would be reported may be another than before. */
  readonly onChange: () => void;
  readonly onNews: (news: News) => void;
}

/** The machine as the agent keeps it: what it is to hold, and how far it does. Needs no server. */
export interface Machine {
  readonly manifest: () => Manifest | undefined;
  readonly memory: Memory;
  readonly converger: Converger;
  readonly replicas: Replicas;
  /** Takes a manifest over, once it is safe on disk; refuses one that is older or broken. */
  readonly give: (message: Extract<ToAgent, { kind: 'manifest' }>) => void;
  /** The control plane is there again: what waits to be confirmed may begin. */
  readonly connected: () => void;
  readonly drift: DriftBook;
  /** What there is to say of the mesh. */
  readonly mesh: MeshWatch['facts'];
  /** Puts right, once, all drift that matches. Settles when that is done or fails. */
  readonly repair: (pattern: string, signal: AbortSignal) => Promise<RepairOutcome>;
  readonly serviceOf: (replica: string) => string;
}

const sweepMs = 30_000;
/** Time that changes have to be confirmed in. */
const undoMs = 28_000;
const retryMs = 5_000;

const undoing = (stateDir: string): Omit<GuardOptions, keyof MachineOptions['control']> => ({
  stateDir,
  now: Date.now,
  arm: async () => await armUndo([process.execPath, 'agent', '--undo', '--state', stateDir], undoMs),
  disarm: disarmUndo,
});

const newsOfReplicas = (onNews: MachineOptions['onNews']): Omit<ReplicasOptions, 'onChange'> => ({
  onRestart: (resource, detail) => onNews(newsOfUnhealthy(resource, detail, Date.now())),
  onCrash: (resource, ended) => onNews(newsOfCrash(resource, ended, Date.now())),
  onOom: (resource) => onNews(newsOfOom(resource, Date.now())),
});

export async function openMachine(options: MachineOptions): Promise<Machine> {
  const { machine, stateDir, anew, signal, control, onChange, onNews } = options;
  const memory = await openMemory(stateDir, { anew });
  const vault = await openVault(stateDir);
  const jobs = await openJobBook(stateDir);
  const progress = (resource: string, what: string): void => log.info(`${resource}: ${what}`);
  const facilities = createFacilities({ signal, stateDir, secret: vault.get, progress }, jobs);
  let manifest = memory.given()?.manifest;
  let keeping: Promise<void> = Promise.resolve();
  let newest: ToAgent | undefined;
  const replicas = createReplicas({
    onChange() {
      neighbours.look();
      onChange();
    },
    ...newsOfReplicas(onNews),
  });
  const neighbours = openNeighbours({
    machine,
    signal,
    secret: vault.get,
    reports: () => replicas.reports(),
    onChange: (effective) => converger.adjust(effective),
  });
  const guard = await openGuard({ ...control, ...undoing(stateDir) });
  const { drift, repairs, witness } = await openDrift(stateDir, onNews, {
    guard,
    converger: () => converger,
  });
  const tellOf = createStepNews((key) => converger.failures.of(key)?.failure.what, onNews);
  const converger: Converger = createConverger({
    drift,
    facilities,
    memory,
    signal,
    guard,
    onUndone: (undone) => onNews(newsOfUndone(undone, Date.now())),
    onChange() {
      repairs.look();
      watch.refresh();
      if (manifest) replicas.look(manifest, facilities.container.units(), jobs.ends());
      onChange();
    },
    onStep(step, outcome) {
      if (outcome === 'done') neighbours.done(step.resource);
      tellOf(step, outcome);
    },
  });
  const watch = await startWatch({
    signal,
    onDirty: (kinds, place) => converger.mark(kinds, place),
    onTrace: witness.heard,
    ...{ onHealth: replicas.told, onExit: replicas.exited },
  });
  const mesh = watchMesh({ signal, onChange, onDirty: () => converger.mark(['mesh']) });
  const expiry = createExpiry(signal, () => converger.markAll());

  function hold(next: Manifest): void {
    manifest = next;
    for (const each of [watch, mesh, expiry]) each.follow(next);
    converger.hold(neighbours.follow(next));
  }

  function give(message: Extract<ToAgent, { kind: 'manifest' }>): void {
    newest = message;
    // One after the other: a later one must not overtake the one before it on the way to the disk.
    keeping = keeping.then(async () => await take(message));
  }

  async function take(message: Extract<ToAgent, { kind: 'manifest' }>): Promise<void> {
    const why = refusal(machine, memory.given(), message);
    if (why !== undefined) return log.warn(`refused a manifest: ${why}`);
    const { epoch, manifest: next, secrets } = message;
    try {
      await vault.put(secrets);
      await memory.keepGiven({ epoch, manifest: next });
      hold(next);
      await vault.keepOnly(next);
    } catch (cause) {
      // What is not on disk would be forgotten by a restart, and undone: it is not begun.
      converger.complain('agent:manifest', cause);
      setTimeout(() => newest === message && give(message), retryMs);
      return;
    }
    converger.content('agent:manifest');
  }

  if (manifest) hold(manifest);
  const sweep = setInterval(() => {
    if (manifest) watch.follow(manifest);
    converger.markAll();
  }, sweepMs);
  signal.addEventListener('abort', () => {
    clearInterval(sweep);
    replicas.stop();
  });

  return {
    manifest: () => manifest,
    memory,
    converger,
    replicas,
    give,
    connected: () => converger.mark([]),
    drift,
    mesh: mesh.facts,
    repair: repairs.repair,
    serviceOf: (replica) =>
      (manifest ? containersOf(manifest) : []).find(({ name }) => name === replica)?.service ?? '',
  };
}
