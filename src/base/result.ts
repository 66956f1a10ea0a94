/** Outcome of pure code: a value, or every problem found on the way to it. */
export type Result<T, P = Problem> =
  | { readonly ok: true; readonly value: T; readonly warnings?: readonly P[] }
  | { readonly ok: false; readonly problems: readonly P[] };

/** A place in a file a person wrote. Line and column count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Something wrong with what a person asked for.
 * `what` says what is wrong, `why` the reason behind the rule, `fix` what to do next.
 */
export interface Problem {
  readonly code: string;
  readonly what: string;
  readonly why?: string;
  readonly fix?: string;
  readonly at?: Origin;
}

export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value });
export const fail = <P>(...problems: readonly P[]): Result<never, P> => ({ ok: false, problems });

/** `file:line:column`, the form editors and terminals make clickable. */
export function showOrigin(at: Origin): string {
  return `${at.file}:${at.line}:${at.column}`;
}
