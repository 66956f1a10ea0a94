import { Agent, type RequestOptions, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { BallastError } from '#base/errors.ts';

/** How an Incus server is reached, and by what both sides know each other. */
export interface IncusAccess {
  /** What the fleet file calls it, for messages. */
  readonly name: string;
  /** `https://host:port`. */
  readonly url: string;
  /** SHA-256 of its certificate, 64 small hexadecimal digits: nothing else is believed. */
  readonly fingerprint?: string;
  /** Instead of a fingerprint: PEM of the authority that vouches for it. */
  readonly ca?: string;
  /** The client's, PEM. */
  readonly certificate: string;
  readonly key: string;
}

export interface HttpQuestion {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | NodeJS.ReadableStream;
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export interface Connection {
  readonly ask: (question: HttpQuestion, signal: AbortSignal) => Promise<HttpAnswer>;
  readonly close: () => void;
}

const answerMs = 30_000;
const connectMs = 10_000;
const answerBytesMax = 16 << 20;
const socketsMax = 8;

/** Connections to one Incus server, kept open between requests. Makes none before the first. */
export function openConnection(access: IncusAccess): Connection {
  const agent = new PinningAgent(access);
  return {
    ask: async (question, signal) => await ask(access, agent, question, signal),
    close: () => agent.destroy(),
  };
}

/** Hands a socket over only when the other side is who it should be: before that nothing is said to it. */
class PinningAgent extends Agent {
  readonly #access: IncusAccess;

  constructor(access: IncusAccess) {
    super({ keepAlive: true, maxSockets: socketsMax, timeout: connectMs });
    this.#access = access;
  }

  override createConnection(
    options: RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null {
    const { fingerprint, ca, certificate: cert, key } = this.#access;
    const socket: TLSSocket = connect({
      host: String(options.host),
      port: Number(options.port),
      servername: String(options.servername ?? ''),
      ...{ cert, key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] },
      ...(fingerprint === undefined ? { ca: ca ?? '' } : { rejectUnauthorized: false }),
    });
    const late = setTimeout(() => socket.destroy(new Error('it does not answer')), connectMs);
    socket.once('secureConnect', () => {
      clearTimeout(late);
      const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase();
      if (fingerprint === undefined || shown === fingerprint) return done?.(null, socket);
      socket.destroy();
      done?.(stranger(this.#access, shown), socket);
    });
    socket.once('error', (error) => {
      clearTimeout(late);
      done?.(error, socket);
    });
    return null;
  }
}

const stranger = ({ name, fingerprint }: IncusAccess, shown = 'none'): BallastError =>
  new BallastError('unauthenticated', `what answers for the Incus server ${name} is not it`, {
    why: `its certificate has the fingerprint ${shown}, and the fleet file says ${fingerprint}`,
    fix: 'see on the Incus server: incus info | grep certificate_fingerprint; nothing was sent to what answered',
  });

async function ask(
  access: IncusAccess,
  agent: Agent,
  { method, path, headers, body, timeoutMs = answerMs }: HttpQuestion,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const late = AbortSignal.timeout(timeoutMs);
  const until = AbortSignal.any([signal, late]);
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const sent = request(
        new URL(path, access.url),
        {
          ...{ method, agent, signal: until },
          headers: {
            ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
            if (text.length > answerBytesMax) response.destroy(new Error('it answers without end'));
          });
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      sent.on('error', reject);
      if (body === undefined || typeof body === 'string') {
        sent.end(body);
        return;
      }
      body.on('error', (error) => sent.destroy(error));
      body.pipe(sent);
    });
  } catch (cause) {
    throw failure(access, cause, { signal, late, timeoutMs });
  }
}

function failure(
  { name, url }: IncusAccess,
  cause: unknown,
  given: { readonly signal: AbortSignal; readonly late: AbortSignal; readonly timeoutMs: number },
): BallastError {
  if (cause instanceof BallastError) return cause;
  if (given.signal.aborted) {
    const { reason } = given.signal;
    return reason instanceof BallastError
      ? reason
      : new BallastError('interrupted', 'interrupted', { cause });
  }
  const at = `the Incus server ${name} at ${url}`;
  if (given.late.aborted) {
    return new BallastError('timed-out', `${at} did not answer within ${given.timeoutMs / 1000} s`, {
      cause,
    });
  }
  const { code = '', message } = cause as NodeJS.ErrnoException;
  // Node names every failed check of a certificate in one of these ways.
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_)/.test(code)) {
    return new BallastError('unauthenticated', `${at} cannot prove that it is the one`, {
      cause,
      why: message,
      fix: 'check `ca` of the fleet file, or name the fingerprint of its certificate instead',
    });
  }
  return new BallastError('unreachable', `${at} is not reached`, {
    cause,
    why: message,
    fix: 'is it on, and does it listen? on it: incus config get core.https_address',
  });
}
