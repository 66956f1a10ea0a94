import { BallastError } from '#base/errors.ts';
import { type Connection, type HttpQuestion, type IncusAccess, openConnection } from './connection.ts';

/** What Incus said no to. Why is only in its words, so whoever asked looks at how things are now. */
export class IncusRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The part of Incus' API that making machines needs, within one project. */
export interface IncusApi {
  /** Undefined: there is no such thing. */
  readonly get: <T>(path: string, signal: AbortSignal) => Promise<T | undefined>;
  /** Settles when it is done, however long Incus works on it. Throws an IncusRefusal when it does not do it. */
  readonly change: (
    question: Pick<HttpQuestion, 'method' | 'path'> & {
      readonly body?: unknown;
      readonly timeoutMs?: number;
    },
    signal: AbortSignal,
  ) => Promise<void>;
  /** Sends bytes as they are. */
  readonly send: (question: HttpQuestion, signal: AbortSignal) => Promise<void>;
  /** Waits until no work is under way on an instance. */
  readonly settle: (instance: string, signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
}

interface Body {
  readonly type?: 'sync' | 'async' | 'error';
  readonly operation?: string;
  readonly error?: string;
  readonly error_code?: number;
  readonly metadata?: unknown;
}

interface Operation {
  readonly id: string;
  readonly class: string;
  readonly status_code: number;
  readonly err?: string;
  readonly resources?: { readonly instances?: readonly string[] | null } | null;
}

/** An image may have to be fetched first. */
const operationMs = 15 * 60_000;
/** For how long one request waits for work to end. */
const turnS = 20;

export function openApi(access: IncusAccess, project: string): IncusApi {
  const connection = openConnection(access);
  const within = (path: string): string =>
    `${path}${path.includes('?') ? '&' : '?'}project=${encodeURIComponent(project)}`;
  const read = async (question: HttpQuestion, signal: AbortSignal): Promise<Body> =>
    await readBody(access, connection, { ...question, path: within(question.path) }, signal);

  return {
    close: connection.close,
    async get<T>(path: string, signal: AbortSignal) {
      try {
        return (await read({ method: 'GET', path }, signal)).metadata as T;
      } catch (cause) {
        if (cause instanceof IncusRefusal && cause.status === 404) return undefined;
        throw explained(access, cause);
      }
    },
    async change({ body, timeoutMs = operationMs, ...question }, signal) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await read({ ...question, ...text }, signal);
      if (answer.type !== 'async' || answer.operation === undefined) return;
      await waitFor(access, { read, path: answer.operation.replace(/\?.*$/, ''), timeoutMs }, signal);
    },
    async send(question, signal) {
      await read(question, signal);
    },
    async settle(instance, signal) {
      const { metadata } = await read({ method: 'GET', path: '/1.0/operations?recursion=1' }, signal);
      const all = Object.values((metadata ?? {}) as Readonly<Record<string, readonly Operation[] | null>>);
      const its = all
        .flatMap((operations) => operations ?? [])
        .filter(({ class: kind, resources }) => kind === 'task' && concerns(resources?.instances, instance));
      for (const { id } of its) {
        const path = `/1.0/operations/${id}`;
        // How it ends is seen in what is there afterwards.
        await waitFor(access, { read, path, timeoutMs: operationMs }, signal).catch((cause: unknown) => {
          if (!(cause instanceof IncusRefusal)) throw cause;
        });
      }
    },
  };
}

const concerns = (instances: readonly string[] | null | undefined, name: string): boolean =>
  (instances ?? []).some((path) => path.replace(/\?.*$/, '').endsWith(`/${name}`));

/** Waits in turns, so that a connection that breaks off loses one turn only. */
async function waitFor(
  access: IncusAccess,
  given: {
    readonly read: (question: HttpQuestion, signal: AbortSignal) => Promise<Body>;
    readonly path: string;
    readonly timeoutMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + given.timeoutMs;
  for (;;) {
    const { metadata } = await given.read(
      { method: 'GET', path: `${given.path}/wait?timeout=${turnS}`, timeoutMs: (turnS + 15) * 1_000 },
      signal,
    );
    const { status_code: status, err = '' } = (metadata ?? {}) as Partial<Operation>;
    if (status === 200) return;
    if (status !== undefined && status >= 400) throw new IncusRefusal(status, err);
    if (performance.now() > end) {
      throw new BallastError('timed-out', `the Incus server ${access.name} works on it for too long`, {
        why: `it was not done within ${Math.round(given.timeoutMs / 1000)} s`,
        fix: 'see what it does, on it: incus operation list',
      });
    }
  }
}

async function readBody(
  access: IncusAccess,
  connection: Connection,
  question: HttpQuestion,
  signal: AbortSignal,
): Promise<Body> {
  const { status, text } = await connection.ask(question, signal);
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch (cause) {
    throw new BallastError('unreachable', `what answers at ${access.url} is no Incus server`, {
      cause,
      why: `it answered ${question.method} ${question.path} with ${status} and no JSON`,
      fix: `check the url of ${access.name} in the fleet file`,
    });
  }
  // Failures of waiting come with status 200 and say so in the body alone.
  if (body.type === 'error' || status >= 400) {
    throw new IncusRefusal(body.error_code || status, body.error || `it answered with ${status}`);
  }
  return body;
}

/** A refusal that nobody looks into further, as people are told it. */
export function explained(access: Pick<IncusAccess, 'name'>, cause: unknown, what?: string): unknown {
  if (!(cause instanceof IncusRefusal)) return cause;
  if (cause.status === 401 || cause.status === 403) {
    return new BallastError('forbidden', `the Incus server ${access.name} does not let the fleet in`, {
      cause,
      why: cause.message,
      fix: 'have it trust the fleet’s certificate, on it: incus config trust add-certificate FILE',
    });
  }
  return new BallastError('command-failed', what ?? `the Incus server ${access.name} refused`, {
    cause,
    why: cause.message,
  });
}
