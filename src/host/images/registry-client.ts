import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '#base/errors.ts';
import { guardRegistry, type RegistryLogin } from './login.ts';

/** How long a registry may take to start, and how often it is asked meanwhile. */
const startMs = 15_000;
const retryMs = 200;

const manifestTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
];

/** Digest of what the fleet's registry holds under a tag or digest; undefined when it holds nothing there. */
export async function askDigest(
  login: RegistryLogin,
  path: string,
  tagOrDigest: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  await guardRegistry(login);
  return await digestOf(login, path, tagOrDigest, signal);
}

async function digestOf(
  login: RegistryLogin,
  path: string,
  tagOrDigest: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const url = `https://${login.address}/v2/${path}/manifests/${tagOrDigest}`;
  const { status, digest } = await head(url, login, signal);
  if (status === 200) return digest;
  if (status === 404) return undefined;
  const refused = status === 401 || status === 403;
  throw new BallastError(
    refused ? 'forbidden' : 'unreachable',
    `the fleet's registry at ${login.address} answered ${status} when asked for ${path}`,
    refused
      ? { why: 'it does not know the push account', fix: 'run the command again: it gets the account anew' }
      : { fix: 'see its log: journalctl -u ballast-registry-push on its machine' },
  );
}

/**
 * Waits until the registry answers, for it starts within seconds of its machine. `waiting` is told once if it does
 * not at once. Throws what it threw last when it stays away, and at once when it refuses.
 */
export async function awaitRegistry(
  login: RegistryLogin,
  waiting: () => void,
  signal: AbortSignal,
): Promise<void> {
  await guardRegistry(login);
  const end = performance.now() + startMs;
  for (let first = true; ; first = false) {
    try {
      await digestOf(login, 'ballast/none', 'none', signal);
      return;
    } catch (error) {
      const away = error instanceof BallastError && error.code === 'unreachable';
      if (!away || performance.now() > end) throw error;
    }
    if (first) waiting();
    await sleep(retryMs, undefined, { signal }).catch(() => {
      throw new BallastError('interrupted', 'waiting for the registry was interrupted');
    });
  }
}

async function head(
  url: string,
  { ca, username, password, address }: RegistryLogin,
  signal?: AbortSignal,
): Promise<{ status: number; digest?: string }> {
  const limit = AbortSignal.timeout(15_000);
  return await new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'HEAD',
      ca,
      auth: `${username}:${password}`,
      agent: false,
      headers: { accept: manifestTypes.join(', ') },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    sent.on('response', (response) => {
      response.resume();
      const digest = response.headers['docker-content-digest'];
      resolve({
        status: response.statusCode ?? 0,
        ...(typeof digest === 'string' ? { digest } : {}),
      });
    });
    sent.on('error', (cause) => {
      if (signal?.aborted) reject(new BallastError('interrupted', 'asking the registry was interrupted'));
      else {
        reject(
          new BallastError('unreachable', `the fleet's registry at ${address} cannot be reached`, {
            cause,
            why: cause.message,
            fix: 'check that its machine runs: ballast machine ls',
          }),
        );
      }
    });
    sent.end();
  });
}
