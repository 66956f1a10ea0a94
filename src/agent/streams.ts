import { never } from '#base/assert.ts';
import { runDeleteVolume } from './delete-volume.ts';
import { runExec } from './exec-stream.ts';
import { runFirewall, runListeners, runProbe } from './firewall-streams.ts';
import { runIngressLogs } from './ingress-logs.ts';
import { explain } from './log.ts';
import { runLogs } from './logs.ts';
import { runPath } from './path/path-stream.ts';
import { runRepair } from './repair.ts';
import type { Stream, StreamContext, StreamInput, StreamRequest } from './stream.ts';
import { runUsage } from './usage.ts';

export interface Streams {
  readonly start: (request: StreamRequest) => void;
  readonly input: (input: StreamInput) => void;
  readonly cancelAll: () => void;
}

const streamsMax = 256;

export function createStreams(context: StreamContext): Streams {
  const streams = new Map<number, Stream>();

  function start(request: StreamRequest): void {
    const { stream: id } = request;
    if (streams.size >= streamsMax || streams.has(id)) {
      context.send({
        kind: 'end',
        stream: id,
        code: 1,
        error: 'the machine serves too many requests at once',
      });
      return;
    }
    const stream = run(request, context);
    streams.set(id, stream);
    void stream.done
      .catch((cause: unknown) => ({ code: 1, error: explain(cause) }))
      .then((end) => {
        streams.delete(id);
        context.send({ kind: 'end', stream: id, ...end });
      });
  }

  return {
    start,
    input(input) {
      const stream = streams.get(input.stream);
      if (stream === undefined) return;
      switch (input.kind) {
        case 'cancel':
          return stream.cancel();
        case 'resize':
          return stream.resize?.(input.size);
        case 'stdin':
          return stream.stdin?.(Buffer.from(input.data, 'base64'));
        case 'stdin-end':
          return stream.stdin?.(null);
      }
    },
    cancelAll() {
      for (const stream of streams.values()) stream.cancel();
    },
  };
}

function run(request: StreamRequest, context: StreamContext): Stream {
  switch (request.kind) {
    case 'logs':
      return runLogs(request, context);
    case 'ingress-logs':
      return runIngressLogs(request, context);
    case 'exec':
      return runExec(request, context);
    case 'usage':
      return runUsage(request, context);
    case 'delete-volume':
      return runDeleteVolume(request);
    case 'repair':
      return runRepair(request, context);
    case 'firewall':
      return runFirewall(request, context);
    case 'probe':
      return runProbe(request, context);
    case 'listeners':
      return runListeners(request, context);
    case 'path':
      return runPath(request, context);
    default:
      return never(request);
  }
}
