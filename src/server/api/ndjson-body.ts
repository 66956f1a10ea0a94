import { BallastError, toWire } from '#base/errors.ts';
import { failureLine } from '#wire/ndjson.ts';

/** Silence after which an empty line shows that the connection lives. */
const beatMs = 15_000;

/**
 * A response body with one JSON text per line, made only as fast as it is read. An error after the start becomes the
 * last line. `stop` is called when the reader goes away.
 */
export function ndjsonBody(
  items: AsyncIterable<unknown>,
  {
    stop,
    onError,
    closing,
  }: {
    readonly stop: () => void;
    readonly onError: (cause: unknown) => BallastError;
    /** The server ends: so does the stream, but not as if everything had been said. */
    readonly closing: AbortSignal;
  },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = items[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<unknown>> | undefined;
  let left = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode('\n')); // the reader knows at once that it was let in
      },
      async pull(controller) {
        try {
          pending ??= iterator.next();
          const next = await withBeat(pending);
          if (left) return; // nobody is there to be told
          if (next === 'beat') return controller.enqueue(encoder.encode('\n'));
          pending = undefined;
          if (next.done === true && closing.aborted)
            throw new BallastError('no-server', 'the server was stopped');
          if (next.done === true) controller.close();
          else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
        } catch (cause) {
          if (left) return;
          controller.enqueue(encoder.encode(failureLine(toWire(onError(cause)))));
          controller.close();
        }
      },
      cancel() {
        left = true;
        stop();
        void iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

async function withBeat<T>(next: Promise<T>): Promise<T | 'beat'> {
  let timer: NodeJS.Timeout | undefined;
  const beat = new Promise<'beat'>((resolve) => {
    timer = setTimeout(() => resolve('beat'), beatMs);
  });
  try {
    return await Promise.race([next, beat]);
  } finally {
    clearTimeout(timer);
  }
}
