import type { FleetEvent, ReplicaView, RolloutView } from '#wire/views.ts';
import { isInTrouble, troubleOf } from './replica-words.ts';

/** What is new in a snapshot of a rollout compared with the one before it: a line for each change, in plain words. */
export function rolloutChanges(before: RolloutView | undefined, after: RolloutView): string[] {
  const known = new Map((before?.replicas ?? []).map((replica) => [replica.id, replica]));
  const there = new Set(after.replicas.map(({ id }) => id));
  const gone = [...known.values()].filter(({ id }) => !there.has(id));
  return [
    ...(phaseChange(before, after) ?? []),
    ...after.replicas.flatMap((replica) =>
      replicaChange(known.get(replica.id), replica, before === undefined),
    ),
    // Out of the plan is not off the machine: one that is offline goes on running it.
    ...gone.map(({ id, machine }) => `${id} is no longer wanted on ${machine}`),
    ...after.app.waiting.filter((text) => !before?.app.waiting.includes(text)),
  ];
}

function phaseChange(before: RolloutView | undefined, after: RolloutView): string[] | undefined {
  const phase = after.app.state.phase;
  if (phase === before?.app.state.phase) return undefined;
  const { failure } = after;
  if (phase !== 'rolling-back') return undefined;
  return [
    ...(failure ? [`${failure.replica} on ${failure.machine} failed: ${failure.what}`] : []),
    after.app.state.target === null
      ? 'taking away what was made of it: no release ran before it'
      : `rolling back to release ${after.app.state.target}`,
  ];
}

function replicaChange(before: ReplicaView | undefined, after: ReplicaView, first: boolean): string[] {
  const { id, machine } = after;
  if (!before && first && after.phase === 'serving' && after.report?.state === 'running') return [];
  const was = before?.report?.state;
  const is = after.report?.state;
  if (after.phase === 'draining' && before?.phase !== 'draining')
    return [`${id} on ${machine} is taken out of service`];
  if (!before)
    return [`${id} goes to ${machine}: ${after.reason}`, ...(is === undefined ? [] : stateLine(after))];
  const restarted = (after.report?.restarts ?? 0) !== (before.report?.restarts ?? 0);
  if (is === was && !restarted && isInTrouble(before) === isInTrouble(after)) return [];
  return after.phase === 'draining' ? [] : stateLine(after);
}

function stateLine(replica: ReplicaView): string[] {
  const { id, machine, report } = replica;
  if (isInTrouble(replica)) return [`${id} on ${machine} ${troubleOf(replica)}`];
  switch (report?.state) {
    case 'running':
      return [`${id} on ${machine} is healthy`];
    case 'completed':
      return [`${id} on ${machine} is done`];
    case 'starting':
      return [`${id} on ${machine} is starting`];
    default:
      return [];
  }
}

/** Whether a snapshot tells about the rollout that was begun, not about one before it. */
export function isAbout(
  view: RolloutView,
  begun: { readonly release: number | null; readonly plan: number },
): boolean {
  if (view.plan < begun.plan) return false;
  if (begun.release === null) return view.app.state.wanted === null;
  return view.app.state.wanted !== null && view.app.state.wanted >= begun.release;
}

/** The most telling of the last events, shown under the live view. */
export function eventText({ machine, what }: FleetEvent): string {
  return machine === undefined || what.includes(machine) ? what : `${machine}: ${what}`;
}
