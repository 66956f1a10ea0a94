import type { Inventory, MachineRecord, MachineState, Plan, Policy } from '#plan/model.ts';
import { poolOf } from './pool.ts';

/** How long a machine may be away before its replicas move, when its pool does not say. */
export const lostAfterDefaultMs = 2 * 60_000;

/** Machines that vanish within this time of each other vanished at once. */
const atOnceMs = 60_000;

export interface Fates {
  /** By machine; of those only that have something to remember. */
  readonly machines: ReadonlyMap<string, MachineState>;
  /** When the next machine may count as lost, ms since the epoch. */
  readonly wakeAt: number | null;
}

interface Away {
  readonly name: string;
  readonly state: MachineState;
  readonly since: number;
  /** When it counts as lost. */
  readonly dueAt: number;
}

export interface FatesInput {
  readonly policy: Policy;
  readonly inventory: Inventory;
  readonly parent: Plan;
  readonly now: number;
}

/**
 * Which machines are lost, and which would be but are held: when more than a third of the fleet, and at least two
 * machines, vanished within a minute, it is more likely that the control plane is cut off than that all of them died.
 */
export function fatesOf(input: FatesInput): Fates {
  const { policy, inventory, parent, now } = input;
  const members = Object.values(policy.machines).filter(({ leaving }) => leaving === undefined);
  const machines = new Map<string, MachineState>();
  const away: Away[] = [];
  for (const record of members) {
    const before = stateBefore(parent, record);
    const report = inventory.machines[record.name];
    if (report?.connected) {
      const { ghosts } = before;
      const stay = ghosts !== undefined && report.converged < ghosts.plan;
      // Only to a successor slots return: a machine that comes and goes would have them move to and fro.
      const moved = isSuccessor(parent, record) || before.lostSince === undefined ? before.moved : undefined;
      machines.set(record.name, {
        index: record.index,
        ...(stay ? { ghosts } : {}),
        ...(moved ? { moved } : {}),
      });
      continue;
    }
    machines.set(record.name, before);
    const since = before.lostSince ?? awaySince(input, record, before);
    if (since === undefined) continue;
    away.push({ name: record.name, state: before, since, dueAt: since + lostAfterMs(policy, record.name) });
  }
  const isMany = (count: number): boolean => count >= 2 && count > members.length / 3;
  const held = heldMachines(away, now, isMany);
  for (const one of away) machines.set(one.name, fateOf(one, held, now));
  return { machines, wakeAt: nextDue(away, machines, input) };
}

function fateOf({ name, state, since, dueAt }: Away, held: ReadonlySet<string>, now: number): MachineState {
  if (state.lostSince !== undefined) return state;
  const { heldSince, ...rest } = state;
  if (held.has(name)) return { ...rest, heldSince: heldSince ?? now };
  // So many came back that the others are an ordinary loss; they get their time anew.
  if (heldSince !== undefined) return { ...rest, awayFrom: now };
  return now < dueAt ? state : { ...rest, lostSince: since };
}

/** Machines from which nothing may be taken now. Those that were held stay so until enough of them are back. */
function heldMachines(
  away: readonly Away[],
  now: number,
  isMany: (count: number) => boolean,
): ReadonlySet<string> {
  const candidates = away.filter(({ state }) => state.lostSince === undefined);
  const already = candidates.filter(({ state }) => state.heldSince !== undefined);
  const due = candidates.filter(({ state, dueAt }) => state.heldSince === undefined && dueAt <= now);
  const names = (some: readonly Away[]): readonly string[] => some.map(({ name }) => name);
  if (isMany(already.length)) return new Set(names([...already, ...due]));
  const together = due.flatMap((one) => vanishedWith(one, away, isMany));
  return new Set(names(together.filter(({ state }) => state.lostSince === undefined)));
}

/** The largest group that vanished within a minute and has this machine in it, if it is too large. */
function vanishedWith(one: Away, away: readonly Away[], isMany: (count: number) => boolean): readonly Away[] {
  const groups = away
    .filter(({ since }) => since <= one.since && one.since - since <= atOnceMs)
    .map((first) => away.filter(({ since }) => since >= first.since && since - first.since <= atOnceMs));
  const [largest = []] = groups.sort((a, b) => b.length - a.length);
  return isMany(largest.length) ? largest : [];
}

/** Since when a machine that is not connected is away; undefined when nobody knows that it ever was there. */
function awaySince(
  { inventory: { machines, listeningSince }, now }: FatesInput,
  { name, joinedAt, successorOf }: MachineRecord,
  { awayFrom = 0 }: MachineState,
): number | undefined {
  // What was heard under this name came from the machine before it.
  if (successorOf !== undefined) return undefined;
  const seenAt = machines[name]?.seenAt ?? (joinedAt === undefined ? undefined : listeningSince);
  return seenAt === undefined ? undefined : Math.min(now, Math.max(seenAt, joinedAt ?? 0, awayFrom));
}

/** How long this machine may be away before what is on it moves, and before it is replaced where its pool says so. */
export const lostAfterMs = (policy: Policy, machine: string): number =>
  poolOf(policy.fleet, machine)?.replaceAfterMs ?? lostAfterDefaultMs;

function stateBefore(parent: Plan, { name, index }: MachineRecord): MachineState {
  const before = parent.machines?.[name];
  if (before === undefined || before.index === index) return before ?? { index };
  return { index, ...(before.moved ? { moved: before.moved } : {}) };
}

/** Whether a plan's machine of this name was another one than the policy's. */
export const isSuccessor = (parent: Plan, record: MachineRecord): boolean => {
  const before = parent.machines?.[record.name];
  return before !== undefined && before.index !== record.index;
};

function nextDue(
  away: readonly Away[],
  machines: ReadonlyMap<string, MachineState>,
  { policy, now }: FatesInput,
): number | null {
  const times = away.flatMap(({ name, dueAt }) => {
    const state = machines.get(name);
    if (state?.lostSince !== undefined || state?.heldSince !== undefined) return [];
    const from = state?.awayFrom === now ? now + lostAfterMs(policy, name) : dueAt;
    return from > now ? [from] : [];
  });
  return times.length === 0 ? null : Math.min(...times);
}
