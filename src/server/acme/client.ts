import { BallastError } from '#base/errors.ts';
import { type AcmeResponse, ask } from './http.ts';
import { type AccountKey, openAccountKey, signed } from './jws.ts';

export interface AcmeOptions {
  readonly directory: string;
  /** PEM of the account's key. */
  readonly accountKey: string;
  readonly email?: string;
  /** PEM of who vouches for the directory's own certificate. */
  readonly ca?: string;
  readonly signal: AbortSignal;
}

/** An account with an authority. */
export interface AcmeClient {
  readonly account: AccountKey;
  readonly newOrder: string;
  /** A signed request; without a payload it only reads. Throws when the authority refuses. */
  readonly post: (url: string, payload?: unknown) => Promise<AcmeResponse>;
}

interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
}

/** A nonce goes stale now and then; the answer brings the next. */
const triesMax = 10;

/** Opens the account that the key stands for, or makes one. */
export async function openClient(options: AcmeOptions): Promise<AcmeClient> {
  const { signal, email } = options;
  const ca = options.ca === undefined ? {} : { ca: options.ca };
  const account = openAccountKey(options.accountKey);
  const found = await ask(options.directory, { method: 'GET', signal, ...ca });
  const { newNonce, newAccount, newOrder } = directoryOf(found, options.directory);
  let nonce: string | undefined;
  let kid: string | undefined;

  async function freshNonce(): Promise<string> {
    const { headers } = await ask(newNonce, { method: 'HEAD', signal, ...ca });
    const fresh = headers['replay-nonce'];
    if (typeof fresh !== 'string') throw refused(newNonce, 'it gives no nonce');
    return fresh;
  }

  async function post(url: string, payload?: unknown): Promise<AcmeResponse> {
    for (let tried = 1; ; tried += 1) {
      const header = { nonce: nonce ?? (await freshNonce()), url, ...(kid === undefined ? {} : { kid }) };
      const body = signed(account, header, payload);
      const answer = await ask(url, { method: 'POST', body, signal, ...ca });
      const next = answer.headers['replay-nonce'];
      nonce = typeof next === 'string' ? next : undefined;
      if (answer.status < 400) return answer;
      const { type, detail } = problemOf(answer);
      if (type.endsWith(':badNonce') && tried < triesMax) continue;
      throw refused(url, detail);
    }
  }

  const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
  const opened = await post(newAccount, { termsOfServiceAgreed: true, ...contact });
  kid = String(opened.headers['location'] ?? '');
  return { account, newOrder, post };
}

function directoryOf(found: AcmeResponse, url: string): Directory {
  const { newNonce, newAccount, newOrder } = read<Directory>(found, url);
  if (newNonce !== undefined && newAccount !== undefined && newOrder !== undefined) {
    return { newNonce, newAccount, newOrder };
  }
  throw refused(url, 'what it says there is no ACME directory');
}

/** Parses an answer. */
export function read<T>({ text }: AcmeResponse, url: string): Partial<T> {
  try {
    return JSON.parse(text) as Partial<T>;
  } catch (cause) {
    throw new BallastError('unreachable', `${new URL(url).host} answers no JSON`, { cause });
  }
}

/** What an authority says is wrong (RFC 7807), with what it says of each name. */
export interface AcmeProblem {
  readonly type?: string;
  readonly detail?: string;
  readonly subproblems?: readonly AcmeProblem[];
}

function problemOf({ status, text }: AcmeResponse): { readonly type: string; readonly detail: string } {
  try {
    const problem = JSON.parse(text) as AcmeProblem;
    return { type: problem.type ?? '', detail: wordsOf(problem) };
  } catch {
    return { type: '', detail: `status ${status}` };
  }
}

export const wordsOf = ({ type = '', detail, subproblems = [] }: AcmeProblem): string =>
  [detail ?? type, ...subproblems.map(wordsOf)].filter((part) => part !== '').join('; ');

export const refused = (url: string, why: string): BallastError =>
  new BallastError('refused', `the certificate authority at ${new URL(url).host} refuses`, { why });
