import { BallastError } from '#base/errors.ts';
import type { RolloutFailure } from '#plan/model.ts';
import type { MachineView, ReplicaView, RolloutView } from '#wire/views.ts';
import { count, listOf } from './render/text.ts';
import { isInTrouble, troubleOf } from './replica-words.ts';

/** The error that says a release failed: exit 3 when the one before it is back, else 1. */
export function failureOf(view: RolloutView, release: number, took: string): BallastError {
  const { app, failure } = view;
  const back = view.done === 'rolled-back';
  const target = app.state.target;
  const end = !back
    ? 'it is as the failure left it'
    : target === null
      ? 'no release of it ran before, so nothing of it runs now'
      : `release ${target} runs again, as before`;
  const what = `release ${release} of ${app.name} failed after ${took}; ${end}`;
  if (!failure)
    return new BallastError(back ? 'rolled-back' : 'command-failed', what, { fix: afterwards(app.name) });
  const known =
    failure.exitCode === undefined || failure.what.includes(`exited with code ${failure.exitCode}`);
  const code = known ? '' : ` (exit code ${failure.exitCode})`;
  return new BallastError(back ? 'rolled-back' : 'command-failed', what, {
    why: `service ${failure.service}: ${failure.replica} on ${failure.machine} ${failure.what}${code}`,
    log: failure.log,
    fix: [mendingOf(failure), `what happened step by step: ballast events -a ${app.name}`].join('\n'),
  });
}

function mendingOf({ what, log }: RolloutFailure): string {
  if (what.includes('memory than its limit')) {
    return 'raise its limit (deploy.resources.limits.memory, or mem_limit) or make it use less, then deploy again';
  }
  return log.length > 0 ? 'mend what the log above shows, then deploy again' : 'mend it, then deploy again';
}

/** Whose last words tell most about why a rollout is not done: what is in trouble, else what is not healthy yet. */
export function suspectOf({ replicas }: RolloutView): ReplicaView | undefined {
  const started = replicas.filter(
    ({ phase, report }) => phase !== 'draining' && report?.state === 'starting',
  );
  return replicas.find(isInTrouble) ?? started[0];
}

/** The error for a wait that took too long: exit 4, or 6 when machines that cannot be reached are the reason. */
export function timeoutOf(
  view: RolloutView | undefined,
  app: string,
  waited: string,
  { machines, words }: { readonly machines: readonly MachineView[]; readonly words: readonly string[] },
): BallastError {
  const offline = machines.filter(({ name, status }) => status === 'offline' && concerns(view, name));
  const names = listOf(offline.map(({ name }) => name));
  const code = offline.length > 0 ? 'unreachable' : 'timed-out';
  const what =
    offline.length > 0
      ? `${app} is not healthy after ${waited}: ${names} cannot be reached`
      : `${app} is not healthy after ${waited}`;
  return new BallastError(code, what, {
    why: view
      ? lacking(
          view,
          offline.map(({ name }) => name),
        ).join('\n')
      : 'the server told nothing yet',
    log: words,
    fix: [
      'the rollout goes on by itself; follow it: ballast status',
      `or go back: ballast rollback -a ${app}`,
      ...(offline.length > 0 ? [`see to ${names}: ballast machine ls`] : []),
    ].join('\n'),
  });
}

/** The error for a wait whose end finds the server away: nobody can say how the rollout stands, or move it on. */
export function lostOf(app: string, waited: string, { detail: { why, fix } }: BallastError): BallastError {
  const what = `the server cannot be reached after ${waited}: how the rollout of ${app} stands is not known`;
  return new BallastError('no-server', what, {
    ...(why === undefined ? {} : { why }),
    fix: [
      ...(fix === undefined ? [] : [fix]),
      'the rollout stands still until the server is back, and then goes on by itself: ballast status',
    ].join('\n'),
  });
}

/** What a rollout still lacks, most telling first, a sentence each. */
export function lacking(view: RolloutView, offline: readonly string[] = []): string[] {
  const { app, replicas, behind } = view;
  const found = [
    ...app.waiting,
    ...replicas
      .filter(isInTrouble)
      .map((replica) => `${replica.id} on ${replica.machine} ${troubleOf(replica)}`),
    ...replicas
      .filter(
        (replica) =>
          replica.phase !== 'draining' &&
          !isInTrouble(replica) &&
          (replica.report === null || replica.report.state === 'starting'),
      )
      .map((replica) => notYet(replica, offline)),
    ...app.services
      .filter(({ placed, wanted }) => placed < wanted)
      .map(
        ({ name, placed, wanted }) => `${count(wanted - placed, 'replica')} of ${name} are not placed yet`,
      ),
    ...replicas
      .filter(({ phase }) => phase === 'draining')
      .map(({ id, machine }) => `${id} on ${machine} has not left yet`),
  ];
  if (found.length > 0) return found.slice(0, 5);
  return [
    behind.length > 0 ? `${listOf(behind)} lack the newest plan` : 'the next step of the rollout is due',
  ];
}

function notYet({ id, machine, report }: ReplicaView, offline: readonly string[]): string {
  if (offline.includes(machine)) return `${id} is on ${machine}, which cannot be reached`;
  if (report === null) return `${id} on ${machine} has not started yet`;
  return `${id} on ${machine} is not healthy yet${report.detail === undefined ? '' : `: ${report.detail}`}`;
}

/** Whether a machine has to do with a rollout: it runs a replica of it, or lacks the newest plan. */
function concerns(view: RolloutView | undefined, machine: string): boolean {
  if (!view) return true;
  return view.behind.includes(machine) || view.replicas.some((replica) => replica.machine === machine);
}

/** Asks for a release. Cut short, it says what leaving does: the server may have made the release already. */
export async function unlessLeft<T>(
  { app, release }: { readonly app: string; readonly release: number | null },
  signal: AbortSignal,
  asking: Promise<T>,
): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    throw signal.aborted ? leavingOf(app, release) : error;
  }
}

/** What to say when somebody stops waiting: the rollout does not stop with it. */
export function leavingOf(app: string, release: number | null): BallastError {
  if (release === null) {
    return new BallastError('interrupted', `no longer waiting; the fleet goes on removing ${app}`, {
      fix: 'see how far it is: ballast status',
    });
  }
  return new BallastError('interrupted', `no longer waiting; the rollout of ${app} goes on by itself`, {
    fix: `follow it: ballast status, or ballast events -f -a ${app}\ngo back instead: ballast rollback -a ${app}`,
  });
}

function afterwards(app: string): string {
  return `see why: ballast events -a ${app}, and ballast logs -a ${app}`;
}
