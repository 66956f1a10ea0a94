import { setTimeout as sleep } from 'node:timers/promises';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import type { MachineView, RolloutView } from '#wire/views.ts';
import type { Progress } from './render/progress.ts';
import { tame } from './render/text.ts';
import { eventText, isAbout, rolloutChanges } from './rollout-changes.ts';
import { failureOf, leavingOf, lostOf, suspectOf, timeoutOf } from './rollout-outcome.ts';
import { rolloutPicture } from './rollout-view.ts';
import type { Shell } from './shell.ts';

export interface Rollout {
  readonly app: string;
  /** null: the app is being removed. */
  readonly release: number | null;
  /** Number of the plan that carries it; older snapshots are not about it. */
  readonly plan: number;
}

export interface Following {
  readonly client: Client;
  readonly progress: Progress;
  readonly timeoutMs: number;
}

const eventsShown = 4;
const frameMs = 100;
const retryMs = 500;
export const waitDefaultMs = 600_000;

/**
 * Waits until a rollout is done and shows how it goes. Answers with the last snapshot when the app is healthy or
 * gone. Throws when it failed (exit 3 when rolled back), when it took too long (4, or 6 when machines are away, or 1
 * when the server is) and when somebody stopped waiting (130): then the rollout goes on without us.
 */
export async function followRollout(
  rollout: Rollout,
  following: Following,
  shell: Shell,
): Promise<RolloutView> {
  const { progress, timeoutMs, client } = following;
  const began = shell.now();
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  const signal = AbortSignal.any([shell.signal, timeout, ended.signal]);
  const screen = screenOf(rollout, progress, shell);
  void readEvents(rollout, client, signal, screen);
  try {
    for await (const view of snapshots(rollout, client, signal, progress)) {
      if (!isAbout(view, rollout)) continue;
      superseded(view, rollout);
      screen.show(view);
      if (view.done === 'healthy' || view.done === 'removed') return view;
      if (view.done !== null) {
        throw failureOf(view, rollout.release ?? 0, showDuration(shell.now() - began));
      }
    }
    throw new BallastError('internal', 'the rollout ended without a result');
  } catch (error) {
    if (shell.signal.aborted) throw leavingOf(rollout.app, rollout.release);
    if (timeout.aborted) {
      const view = screen.last();
      const [machines, words] = await Promise.all([machinesNow(client), lastWords(view, client)]);
      if (machines instanceof BallastError) throw lostOf(rollout.app, showDuration(timeoutMs), machines);
      throw timeoutOf(view, rollout.app, showDuration(timeoutMs), { machines, words });
    }
    throw error;
  } finally {
    ended.abort();
    screen.close();
  }
}

/** Snapshots as they come. A server that goes away is asked again until the time is up: rollouts outlive it. */
async function* snapshots(
  rollout: Rollout,
  client: Client,
  signal: AbortSignal,
  progress: Progress,
): AsyncGenerator<RolloutView> {
  let lost = false;
  while (!signal.aborted) {
    try {
      for await (const view of client.stream('watchRollout', { app: rollout.app }, { signal })) {
        if (lost) progress.note('  the server is back');
        lost = false;
        yield view;
      }
    } catch (error) {
      const away = error instanceof BallastError && error.code === 'no-server';
      if (!away || signal.aborted) throw error;
      if (!lost) progress.note('  the server went away; asking again until it is back');
      lost = true;
    }
    await sleep(retryMs, undefined, { signal }).catch(() => {}); // the loop itself looks at the signal
  }
  throw new BallastError('interrupted', 'interrupted');
}

/** Somebody else's newer release took over: waiting for ours would never end well. */
function superseded({ app, done }: RolloutView, { release }: Rollout): void {
  const wanted = app.state.wanted;
  if (release === null || wanted === null || wanted === release || done === null) return;
  throw new BallastError('conflict', `release ${release} of ${app.name} was overtaken by release ${wanted}`, {
    why: 'somebody else changed the app meanwhile',
    fix: `see what came after it: ballast releases -a ${app.name}`,
  });
}

interface Screen {
  show(view: RolloutView): void;
  event(text: string): void;
  last(): RolloutView | undefined;
  close(): void;
}

/** The live view on a terminal; a line for each change elsewhere. */
function screenOf({ release }: Rollout, { live }: Progress, shell: Shell): Screen {
  const { paint, isTerminal } = shell.err;
  const began = shell.now();
  let view: RolloutView | undefined;
  let frame = 0;
  let events: readonly string[] = [];
  const elapsed = (): string => showDuration(shell.now() - began);
  const draw = (): void => {
    if (view) live.show(rolloutPicture({ view, release, elapsed: elapsed(), frame, events }, shell.err));
  };
  const timer = isTerminal
    ? setInterval(() => {
        frame += 1;
        draw();
      }, frameMs)
    : undefined;
  return {
    last: () => view,
    event(text) {
      events = [...events, tame(text)].slice(-eventsShown);
      draw();
    },
    show(next) {
      const changes = isTerminal ? [] : rolloutChanges(view, next);
      view = next;
      for (const text of changes) live.print(`  ${paint.dim(elapsed().padStart(7))}  ${tame(text)}`);
      if (isTerminal) draw();
    },
    close() {
      clearInterval(timer);
      live.clear();
    },
  };
}

async function readEvents(
  rollout: Rollout,
  client: Client,
  signal: AbortSignal,
  screen: Screen,
): Promise<void> {
  try {
    for await (const event of client.stream(
      'events',
      { app: rollout.app, tail: 0, follow: true },
      { signal },
    )) {
      screen.event(eventText(event));
    }
  } catch {
    // events adorn the view; what matters comes with the snapshots
  }
}

/** What the replica that keeps a rollout from its end printed last; nothing when that cannot be had quickly. */
async function lastWords(view: RolloutView | undefined, client: Client): Promise<readonly string[]> {
  const suspect = view && suspectOf(view);
  if (!view || !suspect) return [];
  if (suspect.report?.log !== undefined) return suspect.report.log;
  const input = { app: view.app.name, replica: suspect.id, follow: false, tail: 10 };
  const lines: string[] = [];
  try {
    for await (const { text } of client.stream('logs', input, { signal: AbortSignal.timeout(2_000) })) {
      lines.push(text);
    }
  } catch {
    // the machine may be away: what came so far must do
  }
  return lines;
}

/** The machines, or the error that says that the server cannot be asked. */
async function machinesNow(client: Client): Promise<readonly MachineView[] | BallastError> {
  try {
    return (await client.call('listMachines', {}, { timeoutMs: 5_000 })).machines;
  } catch (error) {
    return error instanceof BallastError && error.code === 'no-server' ? error : [];
  }
}
