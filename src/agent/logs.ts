import { containerJournal, lineReader } from '#host/journal.ts';
import { type Running, startProcess } from '#host/process.ts';
import { throttle } from './flow.ts';
import type { Stream, StreamContext, StreamRequest } from './stream.ts';

/** What replicas print and have printed, from the journal. */
export function runLogs(
  request: Extract<StreamRequest, { kind: 'logs' }>,
  { send, backlog, machine, serviceOf }: StreamContext,
): Stream {
  const { stream, replicas, follow, tail, sinceMs } = request;
  if (replicas.length === 0) return { done: Promise.resolve({ code: 0 }), cancel: () => {} };
  let running: Running | undefined;
  let cancelled = false;
  const slowDown = throttle(() => running, backlog);
  const read = lineReader(({ container, ...line }) => {
    send({
      kind: 'log',
      stream,
      line: { replica: container, service: serviceOf(container), machine, ...line },
    });
    slowDown();
  });
  const query = { containers: replicas, follow, tail, ...(sinceMs === undefined ? {} : { sinceMs }) };
  running = startProcess(containerJournal(query), { onLine: read });
  return {
    done: running.done.then((code) => {
      // journalctl answers 1 when there is nothing to show.
      if (cancelled || code <= 1) return { code: 0 };
      return { code, error: `journalctl ended with exit code ${code}` };
    }),
    cancel() {
      cancelled = true;
      running?.kill();
    },
  };
}
