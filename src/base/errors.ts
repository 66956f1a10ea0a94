import type { Problem } from './result.ts';

/**
 * The table of operating errors. A code is a promise: it keeps its meaning and its exit code for ever.
 * `http` is the status the API answers with, `exit` the exit code of the command that met it.
 */
export const errorTable = {
  'bad-file': { http: 422, exit: 65 },
  usage: { http: 400, exit: 64 },
  'bad-request': { http: 400, exit: 1 },
  unauthenticated: { http: 401, exit: 1 },
  forbidden: { http: 403, exit: 1 },
  'not-found': { http: 404, exit: 1 },
  conflict: { http: 409, exit: 5 },
  refused: { http: 409, exit: 1 },
  'does-not-fit': { http: 422, exit: 1 },
  'rolled-back': { http: 409, exit: 3 },
  undone: { http: 409, exit: 3 },
  'timed-out': { http: 504, exit: 4 },
  unreachable: { http: 503, exit: 6 },
  'no-server': { http: 503, exit: 1 },
  'build-failed': { http: 422, exit: 1 },
  'image-not-found': { http: 404, exit: 1 },
  'command-failed': { http: 500, exit: 1 },
  'missing-tool': { http: 500, exit: 1 },
  'not-supported': { http: 422, exit: 1 },
  interrupted: { http: 499, exit: 130 },
  internal: { http: 500, exit: 1 },
} as const satisfies Record<string, { http: number; exit: number }>;

export type ErrorCode = keyof typeof errorTable;

/** What a person needs to act on a failure: why it happened, what to do next and the evidence. */
export interface ErrorDetail {
  readonly why?: string;
  readonly fix?: string;
  /** Last lines of the log that shows the failure. */
  readonly log?: readonly string[];
  /** Every problem found, when there were several. */
  readonly problems?: readonly Problem[];
  readonly cause?: unknown;
}

/** An operating error: expected, explained and coded. Programmer errors are `assert` failures instead. */
export class BallastError extends Error {
  override readonly name = 'BallastError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, what: string, detail: ErrorDetail = {}) {
    super(what, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.detail = detail;
  }

  get exit(): number {
    return errorTable[this.code].exit;
  }

  get http(): number {
    return errorTable[this.code].http;
  }
}

/** The shape an error has on the wire; `fromWire` gives the error back. */
export interface WireError {
  readonly code: ErrorCode;
  readonly what: string;
  readonly why?: string;
  readonly fix?: string;
  readonly log?: readonly string[];
  readonly problems?: readonly Problem[];
}

export function toWire(error: BallastError): WireError {
  const { why, fix, log, problems } = error.detail;
  return {
    code: error.code,
    what: error.message,
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
    ...(log === undefined ? {} : { log }),
    ...(problems === undefined ? {} : { problems }),
  };
}

export function fromWire({ code, what, ...detail }: WireError): BallastError {
  return new BallastError(code in errorTable ? code : 'internal', what, detail);
}
