import { BallastError } from '#base/errors.ts';

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Says how things are after an interruption, and ends this process as one that was interrupted. */
  end(lines: readonly string[]): never;
}

/** The first signal asks a script to end, which may take a moment; the second ends it at once. */
export function listenForInterrupt(): Interrupt {
  const abort = new AbortController();
  let code: number = codes.SIGINT;
  for (const [name, exit] of Object.entries(codes)) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(exit);
      code = exit;
      abort.abort(new BallastError('interrupted', 'interrupted'));
    });
  }
  return {
    signal: abort.signal,
    end(lines) {
      console.error(lines.join('\n'));
      process.exit(code);
    },
  };
}
