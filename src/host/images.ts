import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '#base/errors.ts';
import type { ImageResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { noSpace } from './atomic.ts';
import { limit } from './batch.ts';
import { cachedBy } from './cached.ts';
import { type Executed, exec, run, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';

const storage = '/var/lib/containers/storage';
const pullTimeoutMs = 30 * 60_000;
const removeTimeoutMs = 5 * 60_000;
/** How `podman rmi` ends when there is no such image, and when a container uses it. */
const absentCode = 1;
const usedCode = 2;
/** Waits between tries of a registry that does not answer; longer ones are the business of who asks again. */
const retryMs = [200, 500, 1_000, 2_000];

/** Images in podman's store, by digest. */
export function createImages(
  { signal, progress }: HostContext,
  authFile = '/etc/ballast/registry-auth.json',
): Facility<ImageResource> {
  const present = cachedBy([`${storage}/overlay-images/images.json`], listImages);
  const limited = limit(3);

  async function pull({ id, reference }: ImageResource): Promise<void> {
    const argv = pullCommand(reference, (await exists(authFile)) ? authFile : null);
    for (let attempt = 0; ; attempt += 1) {
      progress(id, attempt === 0 ? `pulling ${reference}` : `pulling ${reference}, try ${attempt + 1}`);
      const done = await exec(argv, { timeoutMs: pullTimeoutMs, signal });
      if (done.code === 0) return;
      const wait = retryMs[attempt];
      if (wait === undefined || !isPassing(done.stderr)) throw await pullFailure(reference, done);
      await sleep(wait, undefined, { signal });
    }
  }

  /** One that is gone already, that somebody named, or that somebody's container runs, is not ours to remove. */
  async function remove({ reference }: ImageResource): Promise<void> {
    const name = byDigest(reference);
    const options = { timeoutMs: removeTimeoutMs, signal };
    const tags = await exec(['podman', 'image', 'inspect', '--format', '{{len .RepoTags}}', name], options);
    if (tags.code !== 0 || tags.stdout.trim() !== '0') return;
    const done = await exec(['podman', 'rmi', name], options);
    if (done.code === 0 || done.code === absentCode || done.code === usedCode) return;
    throw new BallastError('command-failed', `${reference} could not be removed`, {
      log: tail(done.stderr || done.stdout),
    });
  }

  return {
    async observe(resources) {
      if (resources.length === 0) return new Map();
      const references = await present();
      return new Map(
        resources
          .filter(({ reference }) => references.has(byDigest(reference)))
          .map(({ id }): [string, Observed] => [id, { fields: { present: true } }]),
      );
    },
    async apply({ resource, action }) {
      if (action === 'delete') {
        await remove(resource);
        return undefined;
      }
      await limited(async () => await pull(resource));
      return undefined;
    },
  };
}

/** `name:tag@digest` as podman lists it: `name@digest`. */
export function byDigest(reference: string): string {
  const at = reference.indexOf('@');
  if (at < 0) return reference;
  return reference.slice(0, at).replace(/:[^:/]+$/, '') + reference.slice(at);
}

const pullCommand = (reference: string, authFile: string | null): readonly string[] => [
  ...['podman', 'pull', '--quiet', '--retry', '0'],
  ...(authFile === null ? [] : ['--authfile', authFile]),
  byDigest(reference),
];

async function listImages(): Promise<ReadonlySet<string>> {
  const listed = JSON.parse(await run(['podman', 'images', '--format', 'json'])) as readonly {
    readonly Names?: readonly string[];
    readonly RepoDigests?: readonly string[];
  }[];
  return new Set(listed.flatMap(({ Names, RepoDigests }) => [...(Names ?? []), ...(RepoDigests ?? [])]));
}

/** Failures that a registry's restart or a network's hiccup explain. */
export const isPassing = (stderr: string): boolean =>
  /connection refused|connection reset|timed? ?out|no route to host|network is unreachable|temporary failure|server misbehaving|unexpected EOF|TLS handshake|50[0-4] |Service Unavailable|Bad Gateway/i.test(
    stderr,
  );

async function pullFailure(reference: string, { stderr, stdout }: Executed): Promise<BallastError> {
  const log = tail(stderr || stdout);
  if (/no space left/i.test(stderr)) return await noSpace(fullPlace(stderr) ?? storage);
  if (/manifest unknown|name unknown|not found|repository does not exist|NAME_UNKNOWN/i.test(stderr)) {
    return new BallastError('image-not-found', `image not found: ${reference}`, {
      fix: 'check its name and tag, and that the registry still holds it',
      log,
    });
  }
  if (/unauthorized|authentication required|denied/i.test(stderr)) {
    return new BallastError('image-not-found', `the registry refuses to give ${reference}`, {
      why: 'it does not exist, or needs other credentials',
      log,
    });
  }
  if (isPassing(stderr)) {
    return new BallastError('unreachable', `the registry of ${reference} does not answer`, { log });
  }
  return new BallastError('command-failed', `${reference} could not be pulled`, { log });
}

/**
 * The directory that is full, as podman names it, without what it made there for the moment. Undefined where it names
 * a file of the image, which it was unpacking.
 */
export function fullPlace(stderr: string): string | undefined {
  if (/unpacking failed/i.test(stderr)) return undefined;
  const named = /(\/[^\s:"']+): no space left/i.exec(stderr)?.[1];
  return named?.replace(/\/[^/]*(?:\d{5,}|[0-9a-f]{12,}).*$/, '') || undefined;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
