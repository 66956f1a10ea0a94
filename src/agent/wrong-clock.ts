import { createHash } from 'node:crypto';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { type Connection, tlsOptions } from '#wire/connection.ts';
import { operations } from '#wire/operations.ts';
import type { Identity } from './identity.ts';
import { explain, log } from './log.ts';

const dateFailures: readonly string[] = ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'];
const answerBytesMax = 4_096;
const timeoutMs = 10_000;

/** Whether a connection failed because the server's certificate is not valid by this machine's clock. */
export function isDateFailure(cause: unknown): boolean {
  const behind = cause instanceof BallastError ? cause.detail.cause : cause;
  const code: unknown =
    typeof behind === 'object' && behind !== null && 'code' in behind ? behind.code : undefined;
  return typeof code === 'string' && dateFailures.includes(code);
}

/**
 * Asks the server what time it is, and lets it know that this machine is wrong. The certificate must be of the fleet
 * in all but its dates, and no secret is sent: the proof of a token opens nothing, and a certificate is shown without
 * its key. Positive ms: this clock is ahead.
 */
export async function clockSkew(
  { server, ca, cert, key, token }: Connection,
  signal: AbortSignal,
): Promise<number> {
  const proof = token === undefined ? undefined : createHash('sha256').update(token).digest('hex');
  const body = JSON.stringify({ ...(proof === undefined ? {} : { proof }), clock: Date.now() });
  const identity = cert === undefined || key === undefined ? {} : { cert, key };
  const { method, path } = operations.reportClock;
  const answer = await new Promise<string>((resolve, reject) => {
    const asked = request(new URL(path, server), {
      ...{ ...tlsOptions({ server, ca, ...identity }), rejectUnauthorized: false, method, agent: false },
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    asked.on('socket', (socket) => {
      socket.once('secureConnect', () => {
        const tls = socket as TLSSocket;
        const why = String(tls.authorizationError ?? '');
        if (tls.authorized || dateFailures.includes(why)) asked.end(body);
        else asked.destroy(new Error(`the server is not of this fleet: ${why}`));
      });
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, answerBytesMax);
      });
      response.on('error', reject);
      response.on('end', () => resolve(text));
    });
  });
  const { now } = JSON.parse(answer) as { readonly now?: number };
  if (now === undefined) throw new Error('the server does not say what time it is');
  return Date.now() - now;
}

/** What is wrong, for the log. */
export const clockWords = (skewMs: number): string =>
  `the clock of this machine is ${showDuration(Math.abs(skewMs))} ${skewMs < 0 ? 'behind' : 'ahead of'} the server's, so that the server's certificate is ${skewMs < 0 ? 'not valid yet' : 'no longer valid'}; set it right: timedatectl set-ntp true`;

/** When a machine that has joined does not reach the server because of its clock: says so here, and to the server. */
export async function tellClock(
  cause: unknown,
  { server, ca, certificate: cert, key }: Identity & { readonly server: string },
  signal: AbortSignal,
): Promise<void> {
  if (!isDateFailure(cause)) return;
  await clockSkew({ server, ca, cert, key }, signal).then(
    (skewMs) => log.again('clock', clockWords(skewMs)),
    (failure: unknown) =>
      log.again('clock', `the server could not be asked for the time: ${explain(failure)}`),
  );
}
