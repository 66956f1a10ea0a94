import { BallastError, fromWire, type WireError } from '#base/errors.ts';

/** Longest line either side reads. */
export const lineBytesMax = 4 << 20;

/** What ends a stream that failed after it had begun. */
export interface StreamFailure {
  readonly $error: WireError;
}

/** One line that tells the reader of a stream why it ends. */
export const failureLine = (error: WireError): string =>
  `${JSON.stringify({ $error: error } satisfies StreamFailure)}\n`;

/**
 * The objects of a stream with one JSON text per line. Empty lines keep a connection alive and are skipped. Throws
 * the error that the stream carries, or when a line is longer than `lineBytesMax` or no JSON.
 */
export async function* readLines<T>(chunks: AsyncIterable<Uint8Array>): AsyncIterable<T> {
  const decoder = new TextDecoder();
  let partial = '';
  for await (const chunk of chunks) {
    const lines = (partial + decoder.decode(chunk, { stream: true })).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield parse<T>(line);
    if (partial.length > lineBytesMax) {
      throw new BallastError('internal', `the server sent a line of more than ${lineBytesMax} characters`);
    }
  }
  if (partial.trim() !== '') yield parse<T>(partial);
}

function parse<T>(line: string): T {
  let value: T | StreamFailure;
  try {
    value = JSON.parse(line) as T | StreamFailure;
  } catch (cause) {
    throw new BallastError('internal', 'the server sent a line that is no JSON', {
      cause,
      log: [line.slice(0, 200)],
    });
  }
  if (typeof value === 'object' && value !== null && '$error' in value) throw fromWire(value.$error);
  return value as T;
}
