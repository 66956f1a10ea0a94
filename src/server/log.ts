import { BallastError } from '#base/errors.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One JSON object per line. Fields are named values of our own; nothing that may hold a secret is a field. */
export interface Log {
  readonly info: (what: string, fields?: LogFields) => void;
  readonly warn: (what: string, fields?: LogFields) => void;
  readonly error: (what: string, cause: unknown, fields?: LogFields) => void;
}

export function jsonLog(write: (line: string) => void, now: () => number = Date.now): Log {
  const line = (level: string, what: string, fields: object) =>
    write(`${JSON.stringify({ at: new Date(now()).toISOString(), level, what, ...fields })}\n`);
  return {
    info: (what, fields = {}) => line('info', what, fields),
    warn: (what, fields = {}) => line('warn', what, fields),
    error: (what, cause, fields = {}) => line('error', what, { ...fields, ...reasons(cause) }),
  };
}

/** A log for those who do not look. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The whole chain of causes; the stack only when it is our own mistake. */
function reasons(cause: unknown): { readonly causes: readonly string[]; readonly stack?: string } {
  const causes: string[] = [];
  let expected = false;
  for (let next = cause; next !== undefined && causes.length < 8; ) {
    const { message, why } = said(next);
    causes.push(why === undefined ? message : `${message}: ${why}`);
    expected ||= next instanceof BallastError && next.code !== 'internal';
    next = next instanceof Error ? next.cause : undefined;
  }
  const stack = !expected && cause instanceof Error ? cause.stack : undefined;
  return stack === undefined ? { causes } : { causes, stack };
}

function said(value: unknown): { readonly message: string; readonly why?: string } {
  if (value instanceof BallastError) {
    const { why } = value.detail;
    return why === undefined ? { message: value.message } : { message: value.message, why };
  }
  return { message: value instanceof Error ? value.message : String(value) };
}
