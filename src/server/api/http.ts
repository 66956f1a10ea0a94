import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BallastError, toWire } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import { authorize, nameOf, principalOf } from '#server/auth.ts';
import type { Principal } from '#server/identities.ts';
import type { Log } from '#server/log.ts';
import type { FleetState } from '#server/state.ts';
import type { Operation } from '#wire/operation.ts';
import { type OperationName, operations } from '#wire/operations.ts';
import { inputSchemas } from '#wire/schemas.ts';
import { ndjsonBody } from './ndjson-body.ts';
import { checkInput, readQuery } from './query.ts';
import type { Caller, Service } from './service.ts';

export const bodyBytesMax = 8 << 20;

export interface HttpOptions {
  readonly state: FleetState;
  readonly service: Service;
  /** Documents for users beside the operations, by path. */
  readonly documents: Readonly<Record<string, (query: URLSearchParams) => Promise<Response> | Response>>;
  readonly log: Log;
  /** The executable with that digest, for the holder of a token whose document asks for it. */
  readonly executable: (token: string, digest: string) => Promise<string | undefined>;
  /** Counts what was answered. */
  readonly count: (operation: string, status: number) => void;
  /** Ends streams when the server ends. */
  readonly closing: AbortSignal;
}

type Env = { Bindings: HttpBindings; Variables: { principal: Principal | undefined; operation: string } };

/** All routes, from the table of operations. Who asks is found out before anything else, in one place. */
export function createHttp(options: HttpOptions): Hono<Env> {
  const app = new Hono<Env>();
  const answer = (c: Context<Env>, cause: unknown): Response => {
    const error = asError(options.log, cause, c.get('operation'));
    return c.json(toWire(error), error.http as ContentfulStatusCode);
  };
  app.use(async (c, next) => {
    c.set('operation', 'none');
    await next();
    options.count(c.get('operation'), c.res.status);
  });
  app.get('/livez', (c) => c.text('ok\n'));
  app.use(async (c, next) => {
    c.set('principal', await principalOf(options.state, c.env.incoming));
    await next();
  });
  app.use(bodyLimit({ maxSize: bodyBytesMax, onError: () => Promise.reject(tooLong()) }));
  app.get('/v1/executables/:digest', async (c) => {
    c.set('operation', 'executable');
    return await giveExecutable(options, c.req.param('digest'), c);
  });
  for (const [path, document] of Object.entries(options.documents)) {
    app.get(path, async (c) => {
      c.set('operation', path.slice(1));
      authorize(c.get('principal'), 'user', path);
      return await document(new URL(c.req.url).searchParams);
    });
  }
  for (const [name, operation] of Object.entries(operations) as [OperationName, Operation][]) {
    app.on(operation.method, operation.path, async (c) => {
      c.set('operation', name);
      return await perform(options, { name, operation }, c);
    });
  }
  app.notFound((c) => {
    // Who is not let in does not learn either what there is.
    const principal = c.get('principal');
    if (principal === undefined) return answer(c, unauthenticated(c.req.path));
    return answer(c, unknownRoute(c.req.method, c.req.path));
  });
  app.onError((cause, c) => answer(c, cause));
  return app;
}

async function giveExecutable(options: HttpOptions, digest: string, c: Context<Env>): Promise<Response> {
  const token = /^Bearer ([\w-]{1,128})$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const place = token === undefined ? undefined : await options.executable(token, digest);
  if (place === undefined) {
    throw new BallastError('unauthenticated', 'the executable is for machines whose document names it', {
      fix: 'ask for a new document: `ballast machine user-data`',
    });
  }
  const { size } = await stat(place);
  const file = createReadStream(place);
  options.closing.addEventListener('abort', () => file.destroy(), { once: true });
  return new Response(Readable.toWeb(file) as ReadableStream, {
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
  });
}

async function perform(
  options: HttpOptions,
  { name, operation }: { readonly name: OperationName; readonly operation: Operation },
  c: Context<Env>,
): Promise<Response> {
  const principal = c.get('principal');
  authorize(principal, operation.role, `${operation.method} ${operation.path}`);
  const input = checkInput(inputSchemas[name], await rawInput(name, operation, c), operation);
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal, options.closing]);
  const from = c.env.incoming.socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'somebody';
  const caller: Caller = { principal, by: nameOf(principal), from, signal };
  // The schema under this name has just read the input; the table ties the two types together.
  const run = options.service[name] as (input: unknown, caller: Caller) => Promise<unknown>;
  const result = await run(input, caller);
  if (operation.kind === 'call') return c.json(result as object);
  const body = ndjsonBody(result as AsyncIterable<unknown>, {
    stop: () => gone.abort(),
    closing: options.closing,
    onError: (cause) => asError(options.log, cause, name),
  });
  return new Response(body, {
    headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
  });
}

async function rawInput(
  name: OperationName,
  operation: Operation,
  c: Context<Env>,
): Promise<Readonly<Record<string, unknown>>> {
  const path = c.req.param() as Record<string, string>;
  if (operation.method === 'GET' || operation.method === 'DELETE') {
    return { ...readQuery(inputSchemas[name], new URL(c.req.url).searchParams), ...path };
  }
  const text = await c.req.text();
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new BallastError('bad-request', 'the body is no JSON', { cause });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BallastError('bad-request', 'the body is no JSON object');
  }
  return { ...body, ...path };
}

/** What a caller is told. Our own mistakes are logged whole and told in short. */
function asError(log: Log, cause: unknown, operation: string): BallastError {
  if (cause instanceof BallastError) {
    if (cause.code === 'internal') log.error('an operation failed', cause, { operation });
    return cause;
  }
  log.error('an operation failed', cause, { operation });
  return new BallastError('internal', `the server failed at ${operation}`, {
    fix: 'look at the log of `ballast server` and report what it shows',
  });
}

const tooLong = (): BallastError =>
  new BallastError('bad-request', `the request is longer than ${bodyBytesMax / (1 << 20)} MiB`);

const unauthenticated = (path: string): BallastError =>
  new BallastError('unauthenticated', `${path} needs a certificate or a token of this fleet`);

function unknownRoute(method: string, path: string): BallastError {
  const known = Object.values(operations) as Operation[];
  const near = suggest(
    `${method} ${path}`,
    known.map((operation) => `${operation.method} ${operation.path}`),
  );
  return new BallastError('not-found', `there is no ${method} ${path}`, {
    fix: near === undefined ? 'all operations are in /openapi.json' : `did you mean ${near}?`,
  });
}
