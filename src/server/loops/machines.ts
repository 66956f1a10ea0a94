import { BallastError } from '#base/errors.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { MachineRecord } from '#plan/model.ts';
import type { MachineFound, Provider, SeedFile } from '#provider/port.ts';
import type { Control } from '#server/control/context.ts';
import { placeOf, type StoredDestruction } from '#server/control/places.ts';
import { succeed } from '#server/control/succession.ts';
import { awaitsEnrolment, enrolmentFor, isEnrolled } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import type { Log } from '#server/log.ts';
import type { FleetState } from '#server/state.ts';
import type { Enrolment } from '#wire/views.ts';

/** Machines that this server makes itself. */
export interface MachineMaker {
  readonly provider: Provider;
  /** The network they are on is up and the server listens on it. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** Where their agents dial, and whom they trust there. */
  readonly door: MachineDoor | ((machine: MachineRecord) => Promise<MachineDoor>);
  readonly seed: (enrolment: Enrolment) => readonly SeedFile[];
  /** For machines that take a cloud-init document instead of files. */
  readonly userData?: (enrolment: Enrolment) => Promise<string | undefined>;
}

interface MachineDoor {
  readonly server: string;
  readonly ca: string;
}

export interface MachinesOptions {
  readonly state: FleetState;
  readonly control: Control;
  /** The maker for the fleet as it is described now. */
  readonly maker: () => MachineMaker | Promise<MachineMaker>;
  /** Where its machines are, by `placeOf`. Default: here. */
  readonly place?: string;
  readonly log: Log;
}

const atOnceMax = 3;
const retryFirstMs = 2_000;
const retryMaxMs = 60_000;
/** How often machines are looked at though nothing was said of them: nobody tells that one lost its power. */
const lookMs = 5_000;
const doublingsMax = 6;

/**
 * Makes the machines that the fleet's record names and destroys those that were put out. A machine is recorded before
 * it is made, so a crash in between leaves one that the next pass finishes. Ends when the signal aborts.
 */
export async function runMachines(options: MachinesOptions, signal: AbortSignal): Promise<void> {
  const { state, log } = options;
  const settled = new Map<string, Settled>();
  let pauseMs = retryFirstMs;
  const told = createTold(state);
  while (!signal.aborted) {
    const seen = state.changes.version();
    let wakeAt: number | null = null;
    try {
      wakeAt = await pass(options, { settled, told }, signal);
      pauseMs = retryFirstMs;
      told.clear();
    } catch (cause) {
      if (signal.aborted) return;
      log.error('a machine could not be made or destroyed', cause);
      if (!(cause instanceof ToldFailure)) await told.once(`machines cannot be made: ${reasonOf(cause)}`);
      wakeAt = state.now() + pauseMs;
      pauseMs = Math.min(pauseMs * 2, retryMaxMs);
      // What changes meanwhile must not turn a failure into a storm of tries.
      await waitUntil(state, wakeAt, signal);
    }
    await state.changes.after(seen, signal, wakeAt);
  }
}

interface Settled {
  /** Of the record: another machine under the same name has not been looked at. */
  readonly index: number;
  readonly lookAgainAt: number;
  /** How often in a row it was found without power. */
  readonly outages: number;
}

async function waitUntil(state: FleetState, time: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && state.now() < time) {
    await state.changes.after(state.changes.version(), signal, time);
  }
}

/** One look at everything. Answers when to look again though nothing changed. */
async function pass(
  options: MachinesOptions,
  { settled, told }: { readonly settled: Map<string, Settled>; readonly told: Told },
  signal: AbortSignal,
): Promise<number | null> {
  const { state, place = 'local' } = options;
  const destructions = (await state.store.list(keys.destructions)).entries
    .map((entry) => JSON.parse(entry.value) as StoredDestruction)
    .filter((destruction) => (destruction.place ?? 'local') === place)
    .map(({ machine }) => machine);
  const wanted = Object.values(state.policy.machines).filter((machine) => placeOf(machine) === place);
  for (const [name, { index }] of [...settled]) {
    if (!wanted.some((machine) => machine.name === name && machine.index === index)) settled.delete(name);
  }
  const due = (name: string): boolean => (settled.get(name)?.lookAgainAt ?? 0) <= state.now();
  const open = wanted.filter(({ name }) => due(name) && !destructions.includes(name));
  if (destructions.length === 0 && open.length === 0) return earliest(settled);
  const maker = await options.maker();
  const failures: unknown[] = [];
  for (const name of destructions) {
    try {
      await destroy(options, maker, name, signal);
    } catch (cause) {
      failures.push(cause);
      await told.once(`${name} could not be destroyed: ${reasonOf(cause)}`, name);
    }
  }
  if (open.length > 0) await maker.ready(signal);
  const found = new Map((await maker.provider.list(signal)).map((machine) => [machine.name, machine]));
  const missing = await missingMachines(options.control, open, found);
  // So many at once: it is more likely that the provider is wrong.
  const tooMany = missing.length >= 2 && missing.length > wanted.length / 3;
  if (tooMany) failures.push(await tellMissing(missing, told));
  else await replaceGone(options.control, missing);
  const gone = new Set(missing.map(({ name }) => name));
  await inTurns(open, async (machine) => {
    if (gone.has(machine.name)) return;
    try {
      const restored = await ensure(options, maker, { machine, found: found.get(machine.name) }, signal);
      // One that loses its power again and again is given it less and less often.
      const outages = restored ? Math.min((settled.get(machine.name)?.outages ?? 0) + 1, doublingsMax) : 0;
      settled.set(machine.name, {
        index: machine.index,
        lookAgainAt: state.now() + lookMs * 2 ** outages,
        outages,
      });
    } catch (cause) {
      failures.push(cause);
      if (signal.aborted) return;
      await told.once(`${machine.name} could not be made: ${reasonOf(cause)}`, machine.name);
    }
  });
  if (failures.length > 0) throw new ToldFailure('machines could not be made', { cause: failures[0] });
  return earliest(settled);
}

/** Machines that joined, are not connected, and are not found at their provider. */
async function missingMachines(
  { state, inventory }: Control,
  machines: readonly MachineRecord[],
  found: ReadonlyMap<string, MachineFound>,
): Promise<readonly MachineRecord[]> {
  const missing: MachineRecord[] = [];
  for (const machine of machines) {
    const { name } = machine;
    if (found.has(name) || inventory().machines[name]?.connected) continue;
    if (await isEnrolled(state, name)) missing.push(machine);
  }
  return missing;
}

async function tellMissing(missing: readonly MachineRecord[], told: Told): Promise<Error> {
  const names = missing.map(({ name }) => name);
  const what = `${names.join(', ')} are not found at their provider`;
  await told.once(`${what}: so many at once are replaced only by name: ballast machine replace ${names[0]}`);
  return new Error(what);
}

/** Others take the names of machines that are no more; what lived on their disks is waited for. */
async function replaceGone(control: Control, missing: readonly MachineRecord[]): Promise<void> {
  const { state } = control;
  for (const { name, index } of missing) {
    await state.exclusive(async () => {
      const machine = state.policy.machines[name];
      if (machine?.index !== index || machine.leaving) return;
      await succeed(control, machine, { why: 'its provider no longer has it', giveUp: false });
    });
  }
}

function earliest(settled: ReadonlyMap<string, Settled>): number | null {
  const time = Math.min(...[...settled.values()].map(({ lookAgainAt }) => lookAgainAt));
  return Number.isFinite(time) ? time : null;
}

/**
 * Brings one machine to where its agent can join; one that has not joined by the time its token ends is made anew.
 * What is there already is left alone, and so is what was put off on purpose. Answers whether it had lost its power.
 */
async function ensure(
  { state, log }: MachinesOptions,
  maker: MachineMaker,
  { machine, found }: { readonly machine: MachineRecord; readonly found: MachineFound | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  const { name, address } = machine;
  const enrolled = await isEnrolled(state, name);
  if (found?.state === 'running' && (enrolled || (await awaitsEnrolment(state, name)))) return false;
  if (found?.state === 'stopped' && found.held) return false;
  const began = state.now();
  if (found && enrolled) {
    const restored = (await maker.provider.power?.restore(name, signal)) ?? false;
    if (restored)
      await state.tell({
        kind: 'machine-started',
        machine: name,
        what: `${name} was off and was powered on`,
      });
    return restored;
  }
  const token = enrolmentFor(name, state.now());
  await state.exclusive(() => state.commit({ set: token.set }));
  const enrolment: Enrolment = {
    machine: name,
    token: token.token,
    ...(typeof maker.door === 'function' ? await maker.door(machine) : maker.door),
    expiresAt: token.expiresAt,
  };
  const document = await maker.userData?.(enrolment);
  const size = poolOf(state.policy.fleet, name)?.size ?? {};
  await maker.provider.create(
    {
      ...{ name, address, size, seed: maker.seed(enrolment) },
      ...(document === undefined ? {} : { userData: document }),
    },
    (what) => log.info(what, { machine: name }),
    signal,
  );
  const tookMs = state.now() - began;
  log.info('a machine was made', { machine: name, address, tookMs });
  await state.tell({
    kind: 'machine-created',
    machine: name,
    what: `${name} was made in ${(tookMs / 1000).toFixed(1)} s`,
  });
  return false;
}

async function destroy(
  { state, log }: MachinesOptions,
  { provider }: MachineMaker,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await provider.destroy(name, signal);
  log.info('a machine was destroyed', { machine: name });
  await state.exclusive(() =>
    state.commit({
      set: { [keys.destruction(name)]: null },
      events: [{ kind: 'machine-destroyed', machine: name, what: `${name} was destroyed` }],
    }),
  );
}

/** Tells of a failure once, however often it is met again before things go well. */
interface Told {
  readonly once: (what: string, machine?: string) => Promise<void>;
  readonly clear: () => void;
}

function createTold(state: FleetState): Told {
  const told = new Set<string>();
  return {
    async once(what, machine) {
      if (told.has(what)) return;
      told.add(what);
      await state.tell({ kind: 'machine-failed', ...(machine === undefined ? {} : { machine }), what });
    },
    clear: () => told.clear(),
  };
}

/** Failures of single machines, which were told one by one. */
class ToldFailure extends Error {}

function reasonOf(cause: unknown): string {
  const why = cause instanceof BallastError && cause.detail.why !== undefined ? `: ${cause.detail.why}` : '';
  return `${cause instanceof Error ? cause.message : String(cause)}${why}`;
}

async function inTurns<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await each(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, worker));
}
