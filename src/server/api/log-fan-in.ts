import { BallastError } from '#base/errors.ts';
import type { Replica } from '#plan/model.ts';
import type { AgentStream } from '#server/agent-stream.ts';
import { appOf, unknown } from '#server/control/context.ts';
import type { Hub } from '#server/hub.ts';
import type { FleetState } from '#server/state.ts';
import type { Input } from '#wire/operations.ts';
import type { LogLine } from '#wire/views.ts';
import { replicasOf } from './app-views.ts';
import { followLines, type Open } from './follow-lines.ts';
import { inTimeOrder } from './merge-lines.ts';

/** Lines of the past that are sent when nobody says how many. */
const tailUsual = 1_000;

/**
 * What an app's replicas print, from all their machines. Without `follow` in order of time; with it as it comes, and
 * replicas that are placed meanwhile are joined in. A machine that is away is told of as an error only when all are.
 */
export function openLogs(
  { state, hub }: { readonly state: FleetState; readonly hub: Hub },
  input: Input<'logs'>,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  if (replicasOf(state.plan, input.app).length === 0) appOf({ state }, input.app);
  const wanted = () => matching(state, input);
  const replicas = wanted();
  checkFilters(state, input, replicas);
  const machines = new Set(replicas.map((replica) => replica.machine));
  const away = [...machines].filter((machine) => hub.connection(machine) === undefined);
  if (machines.size > 0 && away.length === machines.size) {
    throw new BallastError(
      'unreachable',
      `the machines of ${input.app} are not connected: ${away.join(', ')}`,
      {
        fix: 'see `ballast machine ls`; on the machine itself `journalctl` has the logs',
      },
    );
  }
  const open: Open<Replica> = (group, { tail, sinceMs = input.sinceMs }) =>
    byMachine(group).flatMap(([machine, ids]) => {
      if (hub.connection(machine) === undefined) return [];
      const stream = hub.open(machine, {
        kind: 'logs',
        replicas: ids,
        follow: input.follow ?? false,
        tail,
        ...(sinceMs === undefined ? {} : { sinceMs }),
      });
      return [{ replicas: ids, lines: linesOf(stream), stop: stream.cancel }];
    });
  const tail = input.tail ?? tailUsual;
  if (!input.follow) return inTimeOrder(open(replicas, { tail }), signal);
  return followLines({ changes: state.changes, wanted, open, tail }, signal);
}

export async function* linesOf(stream: AgentStream): AsyncGenerator<LogLine> {
  for await (const message of stream.messages) if (message.kind === 'log') yield message.line;
}

function matching(state: FleetState, { app, service, replica }: Input<'logs'>): readonly Replica[] {
  return replicasOf(state.plan, app).filter(
    (each) =>
      (service === undefined || each.service === service) && (replica === undefined || each.id === replica),
  );
}

function checkFilters(state: FleetState, input: Input<'logs'>, found: readonly Replica[]): void {
  if (found.length > 0) return;
  const all = replicasOf(state.plan, input.app);
  const services = new Set([
    ...all.map((each) => each.service),
    ...Object.values(state.policy.apps[input.app]?.releases ?? {}).flatMap((release) =>
      Object.keys(release.model.services),
    ),
  ]);
  if (input.replica !== undefined)
    throw unknown(
      `replica of ${input.app}`,
      input.replica,
      all.map((each) => each.id),
    );
  if (input.service !== undefined && !services.has(input.service)) {
    throw unknown(`service in ${input.app}`, input.service, [...services]);
  }
}

function byMachine(replicas: readonly Replica[]): readonly (readonly [string, readonly string[]])[] {
  return [...Map.groupBy(replicas, ({ machine }) => machine)].map(([machine, own]) => [
    machine,
    own.map(({ id }) => id),
  ]);
}
