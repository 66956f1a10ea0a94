import { ingressJournal, readAccess } from '#host/ingress-journal.ts';
import { type Running, startProcess } from '#host/process.ts';
import { throttle } from './flow.ts';
import type { Stream, StreamContext, StreamRequest } from './stream.ts';

/** What was asked of ingress on this machine, from the journal. */
export function runIngressLogs(
  request: Extract<StreamRequest, { kind: 'ingress-logs' }>,
  { send, backlog, machine }: StreamContext,
): Stream {
  const { stream, host, follow, tail, sinceMs } = request;
  let running: Running | undefined;
  let cancelled = false;
  const slowDown = throttle(() => running, backlog);
  const query = {
    ...{ follow, tail },
    ...(host === undefined ? {} : { host }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
  const origin = { replica: `ingress.${machine}`, service: 'ingress', machine };
  running = startProcess(ingressJournal(query), {
    onLine(text) {
      const access = readAccess(text);
      if (access !== undefined)
        send({ kind: 'log', stream, line: { ...origin, stream: 'stdout', ...access } });
      slowDown();
    },
  });
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
