import type { IncomingMessage } from 'node:http';
import type { Agent, RequestOptions } from 'node:https';
import { assert } from '#base/assert.ts';
import { authorization, type Connection, showServer, tlsOptions } from './connection.ts';
import type { ExecSession } from './exec-client.ts';
import type { ExecStart } from './exec-messages.ts';
import { answerFailure, connectionFailure, interrupted, timeout } from './failures.ts';
import { readLines } from './ndjson.ts';
import { type Input, type OperationName, type Output, operations } from './operations.ts';
import { requestOf, type WireRequest } from './request.ts';

type OfKind<Kind extends 'call' | 'stream'> = {
  [K in OperationName]: (typeof operations)[K]['kind'] extends Kind ? K : never;
}[OperationName];

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Until the whole answer is there. */
  readonly timeoutMs?: number;
}

export interface Client {
  /** One request, one answer. */
  readonly call: <K extends OfKind<'call'>>(
    name: K,
    input: Input<K>,
    options?: CallOptions,
  ) => Promise<Output<K>>;
  /** One request, many answers; ends with the stream, the signal or a `break`. */
  readonly stream: <K extends OfKind<'stream'>>(
    name: K,
    input: Input<K>,
    options?: Pick<CallOptions, 'signal'>,
  ) => AsyncIterable<Output<K>>;
  /** Runs a command in a replica; settles when the server took the connection. */
  readonly exec: (
    app: string,
    start: ExecStart,
    options?: Pick<CallOptions, 'signal'>,
  ) => Promise<ExecSession>;
  /** A document the server offers beside the operations, such as `/openapi.json`. */
  readonly get: (path: string, options?: CallOptions) => Promise<string>;
  /** Lets go of idle connections. */
  readonly close: () => void;
}

const callTimeoutMs = 30_000;
const connectTimeoutMs = 5_000;
const answerBytesMax = 64 << 20;

/**
 * The client of every operation, typed by the contract's table. Makes no connection before the first call and keeps
 * it open between calls. Every failure is a BallastError: the server's own, or `no-server` with address and reason.
 */
export function createClient(connection: Connection): Client {
  const server = showServer(connection);
  let agent: Agent | undefined;

  async function send(wire: WireRequest, { signal, timeoutMs }: CallOptions): Promise<IncomingMessage> {
    // Loaded here: starting the command line must not pay for what it may not use.
    const https = await import('node:https');
    agent ??= new https.Agent({ keepAlive: true, maxSockets: 32, ...tlsOptions(connection) });
    const options = requestOptions(connection, wire, agent);
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const request = https.request(new URL(wire.path, connection.server), options, resolve);
      const connecting = setTimeout(
        () => request.destroy(timeout(server, 'the connection', connectTimeoutMs)),
        connectTimeoutMs,
      );
      request.on('socket', (socket) => {
        const connected = () => clearTimeout(connecting);
        if (request.reusedSocket) connected();
        else socket.once('secureConnect', connected);
      });
      const whole = setTimeout(
        () => request.destroy(timeout(server, `${wire.method} ${wire.path}`, timeoutMs ?? callTimeoutMs)),
        timeoutMs ?? callTimeoutMs,
      );
      const abort = () => request.destroy(interrupted(`${wire.method} ${wire.path}`, signal?.reason));
      signal?.addEventListener('abort', abort, { once: true });
      request.on('close', () => {
        clearTimeout(connecting);
        clearTimeout(whole);
        signal?.removeEventListener('abort', abort);
      });
      // A stream lives on after its answer began; only calls are limited to the end.
      if (timeoutMs === undefined) request.on('response', () => clearTimeout(whole));
      request.on('error', (cause: Error & { code?: string }) => {
        const stale = request.reusedSocket && cause.code === 'ECONNRESET' && wire.method === 'GET';
        if (stale)
          resolve(send(wire, { ...(signal ? { signal } : {}), ...(timeoutMs ? { timeoutMs } : {}) }));
        else reject(asFailure(server, cause));
      });
      if (signal?.aborted) abort();
      else request.end(wire.body);
    });
  }

  async function text(wire: WireRequest, options: CallOptions): Promise<string> {
    const response = await send(wire, { ...options, timeoutMs: options.timeoutMs ?? callTimeoutMs });
    const body = await readAll(response, server);
    if ((response.statusCode ?? 500) >= 400)
      throw answerFailure(connection, response.statusCode ?? 500, body);
    return body;
  }

  return {
    async call(name, input, options = {}) {
      const body = await text(requestOf(operations[name], input), options);
      return JSON.parse(body) as Output<typeof name>;
    },
    async *stream(name, input, options = {}) {
      const response = await send(requestOf(operations[name], input), options);
      if ((response.statusCode ?? 500) >= 400) {
        throw answerFailure(connection, response.statusCode ?? 500, await readAll(response, server));
      }
      try {
        yield* readLines<Output<typeof name>>(response);
      } catch (cause) {
        throw options.signal?.aborted ? interrupted(name, cause) : asFailure(server, cause);
      } finally {
        response.destroy();
      }
    },
    async exec(app, start, options = {}) {
      const { openExec } = await import('./exec-client.ts');
      return await openExec(connection, { app, start, ...options });
    },
    get: (path, options = {}) => text({ method: 'GET', path }, options),
    close: () => agent?.destroy(),
  };
}

function requestOptions(connection: Connection, wire: WireRequest, agent: Agent): RequestOptions {
  return {
    method: wire.method,
    agent,
    headers: {
      ...authorization(connection),
      ...(wire.body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(wire.body) }),
    },
  };
}

function asFailure(server: string, cause: unknown): Error {
  if (cause instanceof Error && cause.name === 'BallastError') return cause;
  return connectionFailure(server, cause);
}

async function readAll(response: IncomingMessage, server: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      assert(Buffer.isBuffer(chunk), 'answers come as bytes');
      bytes += chunk.length;
      if (bytes > answerBytesMax) throw new Error(`its answer is longer than ${answerBytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw asFailure(server, cause);
  }
  return Buffer.concat(chunks).toString('utf8');
}
