import { BallastError } from '#base/errors.ts';
import { mirrorImage, pushImage, resolveImage } from '#host/skopeo.ts';
import { findImage } from './pin-build.ts';
import type { PinWork, Report } from './pin-work.ts';
import { pinKey } from './pins.ts';
import { mirrorPath, parseReference, type Reference, showReference } from './reference.ts';
import { askDigest } from './registry-client.ts';

/** An image that a service names, and not one that it builds. */
export interface NamedImage {
  readonly image: string;
  /** `linux/arm64`; absent: as this machine. */
  readonly platform?: string;
  /** Ask what its tag means even when the fleet has a copy. */
  readonly refresh: boolean;
}

/**
 * Pins an image: one of the fleet's registry by asking for its digest; one of the build storage by pushing it; one
 * from elsewhere by copying it into the fleet's registry, so that neither a new machine nor a rollback needs the
 * other registry. The copy keeps the tag: what a tag meant the first time counts until a refresh.
 */
export async function pinNamed(work: PinWork, named: NamedImage, report: Report): Promise<string> {
  const reference = readReference(named.image);
  const found = await findNamed(work, named);
  if (found !== undefined) return found;
  return reference.host === 'localhost'
    ? await pushLocal(work, reference, report)
    : await copyForeign(work, named, report);
}

/** The pinned name of what needs neither push nor copy. */
export async function findNamed(work: PinWork, named: NamedImage): Promise<string | undefined> {
  const reference = readReference(named.image);
  if (reference.host.replace(/:\d+$/, '') === 'registry.internal') return await findOwn(work, reference);
  if (reference.host === 'localhost') {
    const { path, key } = await localPlace(work, reference);
    const known = work.pins.get(key);
    return known === undefined ? undefined : await ask(work, path, known);
  }
  return named.refresh ? undefined : await ask(work, mirrorPath(reference), tagOf(reference, named.platform));
}

/** What an image from elsewhere will be called once it is copied. */
export async function foreseeForeign(work: PinWork, { image, platform }: NamedImage): Promise<string> {
  const reference = readReference(image);
  const { digest } = await resolve(work, reference, platform);
  return `${work.access.name}/${mirrorPath(reference)}@${digest}`;
}

export const isForeign = (image: string): boolean =>
  !['localhost', 'registry.internal'].includes(readReference(image).host.replace(/:\d+$/, ''));

/** Whether an image is one of the build storage, by its name. */
export function isLocal(image: string): boolean {
  const parsed = parseReference(image);
  return parsed.ok && parsed.value.host === 'localhost';
}

async function findOwn(work: PinWork, reference: Reference): Promise<string> {
  const found = await ask(work, reference.path, reference.digest ?? reference.tag ?? 'latest');
  if (found !== undefined) return found;
  throw new BallastError('image-not-found', `image ${showReference(reference)} does not exist`, {
    why: "the fleet's registry holds no such image or tag",
    fix: 'push it there first, or correct the name',
  });
}

async function pushLocal(work: PinWork, reference: Reference, report: Report): Promise<string> {
  const { access, storage, pins, signal } = work;
  const { path, key, id } = await localPlace(work, reference);
  report('pushing');
  const tag = reference.tag ?? id.slice(0, 12);
  const digest = await pushImage({ image: id, path, tag, access, storage, signal });
  pins.set(key, digest);
  return `${access.name}/${path}@${digest}`;
}

async function copyForeign(work: PinWork, named: NamedImage, report: Report): Promise<string> {
  const { access, signal } = work;
  const reference = readReference(named.image);
  const path = mirrorPath(reference);
  report('resolving', showReference(reference));
  const image = await resolve(work, reference, named.platform);
  const tag = tagOf(reference, named.platform);
  if ((await askDigest(access, path, tag, signal)) !== image.digest) {
    report('copying', showReference(reference));
    await mirrorImage({ image, path, tag, access, signal });
  }
  return `${access.name}/${path}@${image.digest}`;
}

async function resolve({ signal }: PinWork, reference: Reference, platform: string | undefined) {
  const architecture = platform?.split('/')[1];
  return await resolveImage(showReference(reference), { signal, ...(architecture ? { architecture } : {}) });
}

async function ask(
  { access, signal }: PinWork,
  path: string,
  tagOrDigest: string,
): Promise<string | undefined> {
  const digest = await askDigest(access, path, tagOrDigest, signal);
  return digest === undefined ? undefined : `${access.name}/${path}@${digest}`;
}

/** The tag of the copy. A digest may be that of an index, of which only one architecture is copied. */
function tagOf({ tag, digest }: Reference, platform: string | undefined): string {
  const suffix = platform === undefined ? '' : `-${platform.replaceAll('/', '-')}`;
  return `${(digest === undefined ? (tag ?? 'latest') : digest.replace(':', '-')).slice(0, 100)}${suffix}`;
}

async function localPlace({ access, images }: PinWork, reference: Reference) {
  const name = showReference(reference);
  const id = findImage(await images(), name);
  if (id === undefined) {
    throw new BallastError('image-not-found', `image ${name} does not exist`, {
      why: "names that begin with localhost/ are looked for in Ballast's build storage on this machine",
      fix: name.startsWith('localhost/ballast/')
        ? 'make the base images with: npm run base-images'
        : 'let Ballast build it with "build:", or push it to a registry and name it there',
    });
  }
  const path = mirrorPath(reference);
  return { id, path, key: pinKey('push', access.name, access.ca, path, id) };
}

function readReference(image: string): Reference {
  const parsed = parseReference(image);
  if (parsed.ok) return parsed.value;
  const [problem] = parsed.problems;
  throw new BallastError('bad-file', problem?.what ?? image, problem?.fix ? { fix: problem.fix } : {});
}
