import type { Manifest } from '#compile/manifest.ts';

/** What a timer can wait at most. */
const timerMsMax = 2 ** 31 - 1;

/** Tells when an exception of the manifest ends: what it allowed is judged anew then. */
export function createExpiry(
  signal: AbortSignal,
  onExpired: () => void,
): { readonly follow: (manifest: Manifest) => void } {
  let timer: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => clearTimeout(timer));
  function follow(manifest: Manifest): void {
    clearTimeout(timer);
    const now = Date.now();
    const ends = (manifest.drift?.allow ?? []).map(({ until }) => until).filter((until) => until > now);
    if (ends.length === 0) return;
    const due = (): void => {
      onExpired();
      follow(manifest);
    };
    timer = setTimeout(due, Math.min(Math.min(...ends) - now + 1, timerMsMax));
  }
  return { follow };
}
