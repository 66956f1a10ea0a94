import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { exec, tail } from './exec.ts';
import { type LoginFiles, type RegistryLogin, withLoginFiles } from './images/login.ts';
import { parseReference, type Reference, showReference } from './images/reference.ts';
import { skopeoArgv } from './images/registries.ts';
import { type BuildStorage, buildahArgv, buildahEnv, buildStorage, isRoot } from './images/storage.ts';

/** An image of one architecture, where it was found and by what digest. */
export interface ResolvedImage {
  readonly reference: Reference;
  readonly digest: string;
}

export interface ResolveOptions {
  /** A containers auth.json; absent: the user's own logins. */
  readonly authFile?: string;
  /** `amd64`, `arm64`; absent: this machine's. */
  readonly architecture?: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks a registry what an image name means now. For an image of several architectures it is the one of `architecture`.
 * Fails with `image-not-found`, which says whether it is not there, not allowed or its registry not reached.
 */
export async function resolveImage(name: string, options: ResolveOptions = {}): Promise<ResolvedImage> {
  const parsed = parseReference(name);
  if (!parsed.ok) {
    const [problem] = parsed.problems;
    throw new BallastError('bad-file', problem?.what ?? name, problem?.fix ? { fix: problem.fix } : {});
  }
  const reference = parsed.value;
  const argv = skopeoArgv(inspectArgs(reference, options.authFile));
  const { code, stdout, stderr } = await exec(argv, {
    timeoutMs: 60_000,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (code !== 0) throw explainMissing(reference, stderr);
  const architecture = options.architecture ?? machineArchitecture();
  const digest = digestFor(stdout, architecture);
  if (digest !== undefined) return { reference, digest };
  throw new BallastError(
    'image-not-found',
    `${showReference(reference)} does not exist for linux/${architecture}`,
    {
      why: 'it is there for other architectures only',
      fix: 'use another tag of it, or build it for this architecture',
    },
  );
}

/** Sends an image of the build storage to the fleet's registry and answers with the digest it has there. */
export async function pushImage(order: {
  /** Id or name in the build storage. */
  readonly image: string;
  /** Path in the registry, without host. */
  readonly path: string;
  readonly tag: string;
  readonly access: RegistryLogin;
  readonly storage?: BuildStorage;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { image, path, tag, access, storage = buildStorage(), signal } = order;
  return await withLoginFiles(access, async (files) => {
    return await withDigestFile(async (digestFile) => {
      const args = pushArgs({ image, to: `${access.address}/${path}:${tag}`, files, digestFile });
      await send(buildahArgv(storage, args, isRoot()), path, access, {
        env: buildahEnv(storage),
        ...(signal ? { signal } : {}),
      });
    });
  });
}

/** Copies an image from another registry to the fleet's, bit by bit, so that its digest stays. */
export async function mirrorImage(order: {
  readonly image: ResolvedImage;
  readonly path: string;
  readonly tag: string;
  readonly access: RegistryLogin;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { image, path, tag, access, signal } = order;
  const { tag: _, ...place } = image.reference;
  const from = `docker://${showReference({ ...place, digest: image.digest })}`;
  return await copy({ from, path, tag, access, ...(signal ? { signal } : {}) });
}

/** Sends an image out of an OCI archive, its layers as they lie there. */
export async function pushArchive(order: {
  readonly archive: string;
  readonly path: string;
  readonly access: RegistryLogin;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { archive, ...rest } = order;
  return await copy({ from: `oci-archive:${archive}`, tag: 'latest', ...rest });
}

async function copy(order: {
  readonly from: string;
  readonly path: string;
  readonly tag: string;
  readonly access: RegistryLogin;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { from, path, tag, access, signal } = order;
  const to = `${access.address}/${path}:${tag}`;
  return await withLoginFiles(access, async (files) => {
    return await withDigestFile(async (digestFile) => {
      const argv = skopeoArgv(copyArgs({ from, to, files, digestFile }));
      await send(argv, path, access, signal ? { signal } : {});
    });
  });
}

export function inspectArgs(reference: Reference, authFile?: string): string[] {
  const login = authFile === undefined ? [] : [`--authfile=${authFile}`];
  return ['inspect', '--raw', ...login, `docker://${showReference(reference)}`];
}

interface Transfer {
  readonly to: string;
  readonly files: LoginFiles;
  readonly digestFile: string;
}

export function pushArgs({ image, to, files, digestFile }: Transfer & { readonly image: string }): string[] {
  const login = [`--cert-dir=${files.certDir}`, `--authfile=${files.authFile}`];
  return ['push', '--quiet', ...login, `--digestfile=${digestFile}`, image, `docker://${to}`];
}

/** `from` with its transport: `docker://…` or `oci-archive:…`. */
export function copyArgs({ from, to, files, digestFile }: Transfer & { readonly from: string }): string[] {
  const login = [`--dest-cert-dir=${files.certDir}`, `--dest-authfile=${files.authFile}`];
  const exact = from.startsWith('docker://') ? ['--preserve-digests'] : [];
  return ['copy', '--quiet', ...exact, ...login, `--digestfile=${digestFile}`, from, `docker://${to}`];
}

/** Digest of the image for an architecture, from a raw manifest: its own, or that of the entry in an index. */
export function digestFor(raw: string, architecture: string): string | undefined {
  const manifest = JSON.parse(raw) as {
    readonly manifests?: readonly {
      readonly digest: string;
      readonly platform?: { readonly os?: string; readonly architecture?: string };
    }[];
  };
  if (!manifest.manifests) return `sha256:${createHash('sha256').update(raw).digest('hex')}`;
  const fits = ({ platform }: (typeof manifest.manifests)[number]) =>
    platform?.os === 'linux' && platform.architecture === architecture;
  return manifest.manifests.find(fits)?.digest;
}

/** Why an image cannot be had. Registries and skopeo say it in words only. */
export function explainMissing(reference: Reference, stderr: string): BallastError {
  const name = showReference(reference);
  const log = tail(stderr);
  if (/manifest unknown|name unknown|not found|repository .*does not exist/i.test(stderr)) {
    return new BallastError('image-not-found', `image ${name} does not exist`, {
      why: `${reference.host} knows no such image or tag`,
      fix: 'correct the name or the tag',
      log,
    });
  }
  if (/unauthorized|authentication required|denied|forbidden/i.test(stderr)) {
    return new BallastError('image-not-found', `image ${name} does not exist or needs a login`, {
      why: `${reference.host} refuses to show it`,
      fix: `correct the name, or log in with: skopeo login ${reference.host}`,
      log,
    });
  }
  return new BallastError('image-not-found', `image ${name} cannot be resolved`, {
    why: `its registry ${reference.host} is not reached`,
    fix: 'check the network, or use an image that is in the fleet\'s registry or built with "build:"',
    log,
  });
}

async function send(
  argv: readonly string[],
  path: string,
  access: RegistryLogin,
  options: { env?: Record<string, string>; signal?: AbortSignal },
): Promise<void> {
  const { code, stdout, stderr } = await exec(argv, { ...options, timeoutMs: 30 * 60_000 });
  if (code === 0) return;
  const refused = /unauthorized|authentication required|denied|method not allowed/i.test(stderr);
  throw new BallastError(
    refused ? 'forbidden' : 'command-failed',
    `${path} cannot be pushed to the fleet's registry at ${access.address}`,
    {
      why: refused ? `the account ${access.username} may not push there` : 'the transfer broke off',
      fix: refused
        ? 'use the push account and the port for pushes'
        : 'deploy again: what was sent is kept; if it fails again look at the disk of its machine',
      log: tail(stderr || stdout),
    },
  );
}

async function withDigestFile(work: (digestFile: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-digest-'));
  try {
    const digestFile = join(folder, 'digest');
    await work(digestFile);
    return (await readFile(digestFile, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function machineArchitecture(): string {
  return { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
}
