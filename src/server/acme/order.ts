import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '#base/errors.ts';
import { type AcmeClient, type AcmeProblem, read, refused, wordsOf } from './client.ts';
import { makeRequest } from './csr.ts';
import { keyAuthorization } from './jws.ts';

export interface Obtained {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface ObtainOptions {
  readonly host: string;
  /** Settles when all who may be asked answer the token with this text. */
  readonly publish: (token: string, text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

interface Order {
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string;
  readonly error: AcmeProblem;
}

interface Authorization {
  readonly status: string;
  readonly challenges: readonly {
    readonly type: string;
    readonly url: string;
    readonly token: string;
    readonly error?: AcmeProblem;
  }[];
}

const pollMs = 1_000;
const pollsMax = 90;

/** Gets a certificate for a host name. */
export async function obtain(
  client: AcmeClient,
  { host, publish, signal }: ObtainOptions,
): Promise<Obtained> {
  const begun = await client.post(client.newOrder, { identifiers: [{ type: 'dns', value: host }] });
  const place = String(begun.headers['location'] ?? '');
  const order = read<Order>(begun, client.newOrder);
  for (const url of order.authorizations ?? []) await prove(client, url, { host, publish, signal });
  const { key, csr } = await makeRequest(host);
  await ready(client, place, signal);
  await client.post(order.finalize ?? place, { csr: csr.toString('base64url') });
  const { certificate } = await until<Order>(client, place, signal, ({ status, error }) => {
    if (status === 'invalid') throw refused(place, error === undefined ? 'the order failed' : wordsOf(error));
    return status === 'valid';
  });
  const { text } = await client.post(certificate ?? place);
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw refused(place, 'what it sends is no certificate');
  return { certificate: text, key };
}

/** Shows that the name is ours, unless the authority knows that already. */
async function prove(
  client: AcmeClient,
  url: string,
  { host, publish, signal }: ObtainOptions,
): Promise<void> {
  const { status, challenges = [] } = read<Authorization>(await client.post(url), url);
  if (status === 'valid') return;
  const challenge = challenges.find(({ type }) => type === 'http-01');
  if (challenge === undefined) {
    throw refused(
      url,
      `it takes no proof by HTTP for ${host}, only ${challenges.map(({ type }) => type).join(', ')}`,
    );
  }
  await publish(challenge.token, keyAuthorization(challenge.token, client.account));
  await client.post(challenge.url, {});
  await until<Authorization>(client, url, signal, (seen) => {
    if (seen.status === 'valid') return true;
    if (seen.status === 'pending' || seen.status === 'processing') return false;
    const error = seen.challenges?.find((one) => one.error !== undefined)?.error;
    throw new BallastError('refused', `${host} could not be proven to be ours`, {
      why: error === undefined ? `the authority calls it ${seen.status ?? 'nothing'}` : wordsOf(error),
      fix: `${host} has to lead to the fleet’s ingress machines, where the world reaches port 80`,
    });
  });
}

/** The authority may need a moment from the last proof to the order that rests on it. */
async function ready(client: AcmeClient, place: string, signal: AbortSignal): Promise<void> {
  await until<Order>(client, place, signal, ({ status }) => status !== 'pending');
}

async function until<T>(
  client: AcmeClient,
  url: string,
  signal: AbortSignal,
  done: (seen: Partial<T>) => boolean,
): Promise<Partial<T>> {
  for (let polls = 0; polls < pollsMax; polls += 1) {
    const seen = read<T>(await client.post(url), url);
    if (done(seen)) return seen;
    await sleep(pollMs, undefined, { signal });
  }
  throw new BallastError(
    'timed-out',
    `the certificate authority at ${new URL(url).host} does not come to an end`,
  );
}
