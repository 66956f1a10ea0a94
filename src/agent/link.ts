import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { WireError } from '#base/errors.ts';
import type { FromAgent, ToAgent } from '#wire/agent-messages.ts';
import { tlsOptions } from '#wire/connection.ts';
import { sockets } from '#wire/operations.ts';
import { type Peer, peerHeaders } from '#wire/peer.ts';
import type { Identity } from './identity.ts';
import { explain, log } from './log.ts';

export interface LinkOptions {
  readonly server: string;
  readonly identity: () => Identity;
  /** Which running system this is. */
  readonly peer: Peer;
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  readonly onMessage: (message: ToAgent) => void;
  /** A connection did not come about. */
  readonly onFailure: (cause: Error) => void;
  readonly onClose: () => void;
}

/** The one connection to the server: dialled again for as long as the agent lives. */
export interface Link {
  /** Sends when connected; otherwise the message is lost, and false is returned. */
  readonly send: (message: FromAgent) => boolean;
  /** Bytes that wait to be sent: who produces much slows down by it. */
  readonly backlog: () => number;
  readonly isOpen: () => boolean;
  /** Whether the server answers on the connection there is, however old that is. */
  readonly answers: (withinMs: number) => Promise<boolean>;
  /** Drops the connection, dead or alive; the next one is tried at once. */
  readonly redial: () => void;
}

const firstWaitMs = 100;
const lastWaitMs = 5_000;
const silenceMs = 20_000;
const messageBytesMax = 64 << 20;

export function openLink(options: LinkOptions): Link {
  const { signal } = options;
  let socket: WebSocket | undefined;

  async function dialForEver(): Promise<void> {
    for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(lastWaitMs, waitMs * 2)) {
      const opened = await connectOnce(options, (next) => {
        socket = next;
      });
      socket = undefined;
      if (opened) waitMs = firstWaitMs;
      // Machines that lost the same server must not all come back at the same moment.
      await sleep(waitMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
    }
  }

  void dialForEver();
  return {
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    backlog: () => socket?.bufferedAmount ?? 0,
    isOpen: () => socket?.readyState === WebSocket.OPEN,
    answers: async (withinMs) => socket !== undefined && (await pongs(socket, withinMs)),
    redial: () => socket?.terminate(),
  };
}

async function pongs(socket: WebSocket, withinMs: number): Promise<boolean> {
  if (socket.readyState !== WebSocket.OPEN) return false;
  const question = randomBytes(8);
  return await new Promise((resolve) => {
    const end = (lives: boolean): void => {
      clearTimeout(timer);
      socket.off('pong', pong).off('close', closed);
      resolve(lives);
    };
    // Answers to earlier questions may still be under way.
    const pong = (answer: Buffer): void => {
      if (answer.equals(question)) end(true);
    };
    const closed = (): void => end(false);
    const timer = setTimeout(closed, withinMs);
    socket.on('pong', pong).on('close', closed);
    socket.ping(question);
  });
}

/** Lives as long as one connection does. Answers whether it ever came about. */
async function connectOnce(options: LinkOptions, onSocket: (socket: WebSocket) => void): Promise<boolean> {
  const { server, signal, onOpen, onMessage, onFailure, onClose } = options;
  const { key, certificate: cert, ca } = options.identity();
  const url = new URL(sockets.agent, server.replace(/^http/, 'ws'));
  const socket = new WebSocket(url, {
    ...tlsOptions({ server, ca, cert, key }),
    handshakeTimeout: 5_000,
    perMessageDeflate: false,
    headers: peerHeaders(options.peer),
    maxPayload: messageBytesMax,
  });
  return await new Promise<boolean>((resolve) => {
    let opened = false;
    let heard = Date.now();
    const alive = setInterval(() => {
      if (Date.now() - heard > silenceMs) socket.terminate();
      else if (opened) socket.ping();
    }, silenceMs / 4);
    const stop = () => socket.terminate();
    signal.addEventListener('abort', stop);
    socket.on('open', () => {
      opened = true;
      onSocket(socket);
      log.again('link', `connected to ${server}`);
      onOpen();
    });
    socket.on('pong', () => {
      heard = Date.now();
    });
    socket.on('message', (data) => {
      heard = Date.now();
      const message = parseMessage(data.toString());
      if (message) onMessage(message);
    });
    socket.on('unexpected-response', (_request, response) => {
      void refusalOf(response).then((why) => {
        if (!signal.aborted) log.again('link', `${server} refuses this machine: ${why}`);
        socket.terminate();
        resolve(false);
      });
    });
    socket.on('error', (cause) => {
      if (signal.aborted) return;
      log.again('link', `the connection to ${server} failed: ${explain(cause)}`);
      if (!opened) onFailure(cause);
    });
    socket.on('close', () => {
      clearInterval(alive);
      signal.removeEventListener('abort', stop);
      if (opened) onClose();
      resolve(opened);
    });
  });
}

const refusalBytesMax = 16 << 10;

/** Why the server lets no connection come about, in its own words. */
async function refusalOf(response: IncomingMessage): Promise<string> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > refusalBytesMax) break;
    }
    const { what, why, fix } = JSON.parse(body) as WireError;
    return [what, why, fix].filter((text) => text !== undefined).join('; ');
  } catch {
    return `it answers with ${response.statusCode ?? 0}`;
  }
}

/** The server is trusted to send what the contract says; what is no message at all is dropped. */
export function parseMessage(text: string): ToAgent | undefined {
  try {
    const message = JSON.parse(text) as ToAgent;
    if (typeof message === 'object' && message !== null && typeof message.kind === 'string') return message;
  } catch {
    // Said below, together with what is JSON and no message.
  }
  log.warn('the server sent something that is no message');
  return undefined;
}
