import { deleteVolume } from '#host/volumes.ts';
import type { Stream, StreamRequest } from './stream.ts';

/** Deletes a volume with its data: the one place where that happens, and only by its name. */
export function runDeleteVolume({ volume }: Extract<StreamRequest, { kind: 'delete-volume' }>): Stream {
  const stop = new AbortController();
  return {
    done: deleteVolume(volume, stop.signal).then(() => ({ code: 0 })),
    cancel: () => stop.abort(),
  };
}
