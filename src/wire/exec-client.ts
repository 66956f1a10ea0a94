import type { WebSocket as Socket } from 'ws';
import { BallastError } from '#base/errors.ts';
import { authorization, type Connection, showServer, tlsOptions } from './connection.ts';
import type { ExecFromClient, ExecStart, ExecToClient, TerminalSize } from './exec-messages.ts';
import { answerFailure, connectionFailure, interrupted } from './failures.ts';
import { sockets } from './operations.ts';
import { fillPath } from './request.ts';

/** A command that runs in a replica. */
export interface ExecSession {
  /** What it prints, in order, until it ends; read it, or the command is held back. */
  readonly output: AsyncIterable<{ readonly fd: 1 | 2; readonly data: Uint8Array }>;
  /** Its exit code. Rejects when it could not be run or the connection broke. */
  readonly ended: Promise<number>;
  /** Settles when the data is on its way. */
  readonly write: (data: Uint8Array) => Promise<void>;
  readonly endStdin: () => void;
  /** The terminal has another size now. */
  readonly resize: (size: TerminalSize) => void;
  /** Ends the command. */
  readonly close: () => void;
}

const queueMax = 64;

export async function openExec(
  connection: Connection,
  { app, start, signal }: { app: string; start: ExecStart; signal?: AbortSignal },
): Promise<ExecSession> {
  const { WebSocket } = await import('ws');
  const url = new URL(fillPath(sockets.exec, { app }), connection.server);
  url.protocol = 'wss:';
  const socket = new WebSocket(url, {
    ...tlsOptions(connection),
    headers: authorization(connection),
    handshakeTimeout: 5_000,
    perMessageDeflate: false,
    maxPayload: 4 << 20,
  });
  const abort = () => socket.terminate();
  signal?.addEventListener('abort', abort, { once: true });
  socket.once('close', () => signal?.removeEventListener('abort', abort));
  try {
    await opened(socket, connection);
  } catch (error) {
    throw signal?.aborted ? interrupted('exec', signal.reason) : error;
  }
  const session = sessionOf(socket, showServer(connection), signal);
  socket.send(JSON.stringify(start));
  if (signal?.aborted) abort();
  return session;
}

function opened(socket: Socket, connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.removeAllListeners('error');
      resolve();
    });
    socket.once('error', (cause) => reject(connectionFailure(showServer(connection), cause)));
    socket.once('unexpected-response', (request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body = (body + chunk).slice(0, 1 << 20);
      });
      response.on('end', () => {
        request.destroy();
        reject(answerFailure(connection, response.statusCode ?? 500, body));
      });
    });
  });
}

function sessionOf(socket: Socket, server: string, signal?: AbortSignal): ExecSession {
  const queue: { fd: 1 | 2; data: Uint8Array }[] = [];
  let wake = () => {};
  let over = false;
  const ended = new Promise<number>((resolve, reject) => {
    const finish = () => {
      over = true;
      wake();
    };
    let broken: unknown;
    socket.on('error', (cause) => {
      broken = cause;
    });
    socket.on('message', (raw) => {
      const message = JSON.parse(String(raw)) as ExecToClient;
      if (message.kind === 'output') {
        queue.push({ fd: message.fd, data: Buffer.from(message.data, 'base64') });
        if (queue.length >= queueMax) socket.pause();
        wake();
        return;
      }
      if (message.error === undefined) resolve(message.code);
      else reject(new BallastError('command-failed', message.error));
      finish();
      socket.close();
    });
    socket.on('close', (code) => {
      if (signal?.aborted) reject(interrupted('exec', signal.reason));
      else reject(connectionFailure(server, broken ?? new Error(`the connection was closed (${code})`)));
      finish();
    });
  });
  ended.catch(() => {}); // whoever awaits it gets it

  async function* output(): AsyncGenerator<{ fd: 1 | 2; data: Uint8Array }> {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) {
        if (queue.length === 0 && socket.isPaused) socket.resume();
        yield next;
      } else if (over) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  const send = (message: ExecFromClient) =>
    new Promise<void>((resolve) => {
      // An end that came meanwhile is told by `ended`, not here.
      socket.send(JSON.stringify(message), () => resolve());
    });
  return {
    output: output(),
    ended,
    write: (data) => send({ kind: 'stdin', data: Buffer.from(data).toString('base64') }),
    endStdin: () => void send({ kind: 'stdin-end' }),
    resize: (size) => void send({ kind: 'resize', size }),
    close: () => socket.terminate(),
  };
}
