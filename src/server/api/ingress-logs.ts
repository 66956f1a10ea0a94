import { BallastError } from '#base/errors.ts';
import { ingressMachines } from '#plan/machines/ingress.ts';
import type { Hub } from '#server/hub.ts';
import type { FleetState } from '#server/state.ts';
import type { Input } from '#wire/operations.ts';
import type { LogLine } from '#wire/views.ts';
import { followLines, type Open } from './follow-lines.ts';
import { linesOf } from './log-fan-in.ts';
import { inTimeOrder } from './merge-lines.ts';

/** What was asked of ingress, on all machines that take requests from the world. */
export function openIngressLogs(
  { state, hub }: { readonly state: FleetState; readonly hub: Hub },
  { host, follow = false, tail = 1_000, sinceMs }: Input<'ingressLogs'>,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  const wanted = () =>
    ingressMachines(state.policy).map(({ name: machine }) => ({ id: `ingress.${machine}`, machine }));
  const machines = wanted();
  if (machines.length > 0 && machines.every(({ machine }) => hub.connection(machine) === undefined)) {
    const names = machines.map(({ machine }) => machine).join(', ');
    throw new BallastError('unreachable', `the machines that take requests are not connected: ${names}`, {
      fix: 'see `ballast machine ls`',
    });
  }
  const open: Open = (group, from) =>
    group.flatMap(({ id, machine }) => {
      if (hub.connection(machine) === undefined) return [];
      const since = from.sinceMs ?? sinceMs;
      const stream = hub.open(machine, {
        ...{ kind: 'ingress-logs', follow, tail: from.tail },
        ...(host === undefined ? {} : { host }),
        ...(since === undefined ? {} : { sinceMs: since }),
      });
      return [{ replicas: [id], lines: linesOf(stream), stop: stream.cancel }];
    });
  if (!follow) return inTimeOrder(open(machines, { tail }), signal);
  return followLines({ changes: state.changes, wanted, open, tail }, signal);
}
