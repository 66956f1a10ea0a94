import { BallastError } from '#base/errors.ts';
import { mirrorImage, pushImage, registryNotReached, resolveImage } from '#host/skopeo.ts';
import type { PinWork, Report } from './pin.ts';
import { findImage } from './pin-build.ts';
import { pinKey } from './pins.ts';
import { mirrorPath, parseReference, type Reference, showReference } from './reference.ts';
import { askDigest } from './registry-client.ts';

/** Pins an image that a service names: one of the fleet's registry, of the build storage, or from elsewhere. */
export async function pinNamed(work: PinWork, image: string, report: Report): Promise<string> {
  const parsed = parseReference(image);
  if (!parsed.ok) {
    const [problem] = parsed.problems;
    throw new BallastError('bad-file', problem?.what ?? image, problem?.fix ? { fix: problem.fix } : {});
  }
  const reference = parsed.value;
  if (reference.host.replace(/:\d+$/, '') === 'registry.internal') return await pinOwn(work, reference);
  if (reference.host === 'localhost') return await pinLocal(work, image, reference, report);
  return await pinForeign(work, reference, report);
}

/** It is where it has to be: only the digest is asked for. */
async function pinOwn({ access, signal }: PinWork, reference: Reference): Promise<string> {
  const wanted = reference.digest ?? reference.tag ?? 'latest';
  const digest = await askDigest(access, reference.path, wanted, signal);
  if (digest !== undefined) return `${access.name}/${reference.path}@${digest}`;
  throw new BallastError('image-not-found', `image ${showReference(reference)} does not exist`, {
    why: "the fleet's registry holds no such image or tag",
    fix: 'push it there first, or correct the name',
  });
}

/** An image that was built here by hand. */
async function pinLocal(work: PinWork, image: string, reference: Reference, report: Report): Promise<string> {
  const { access, storage, pins, signal } = work;
  const id = findImage(await work.images(), image);
  if (id === undefined) {
    throw new BallastError('image-not-found', `image ${showReference(reference)} does not exist`, {
      why: "names that begin with localhost/ are looked for in Ballast's build storage on this machine",
      fix: image.startsWith('localhost/ballast/')
        ? 'make the base images with: npm run base-images'
        : 'let Ballast build it with "build:", or push it to a registry and name it there',
    });
  }
  const path = mirrorPath(reference);
  const key = pinKey('push', access.name, access.ca, path, id);
  const known = pins.get(key);
  const there = known === undefined ? undefined : await askDigest(access, path, known, signal);
  if (there === undefined) report('pushing');
  const tag = reference.tag ?? id.slice(0, 12);
  const digest = there ?? (await pushImage({ image: id, path, tag, access, storage, signal }));
  pins.set(key, digest);
  return `${access.name}/${path}@${digest}`;
}

/**
 * Copied by digest into the fleet's registry, so that neither a new machine nor a rollback needs its own. What a tag
 * means is asked anew each time; when its registry is away, what it meant the last time still counts.
 */
async function pinForeign(work: PinWork, reference: Reference, report: Report): Promise<string> {
  const { access, pins, signal } = work;
  const path = mirrorPath(reference);
  const key = pinKey('image', access.name, access.ca, showReference(reference));
  const known = pins.get(key);
  const held = async (digest: string | undefined) =>
    digest !== undefined && (await askDigest(access, path, digest, signal)) !== undefined;
  const named = (digest: string) => `${access.name}/${path}@${digest}`;
  if (reference.digest !== undefined && known !== undefined && (await held(known))) return named(known);

  report('resolving', showReference(reference));
  try {
    const image = await resolveImage(showReference(reference), { signal });
    if (!(await held(image.digest))) {
      report('copying', showReference(reference));
      await mirrorImage({ image, path, access, signal });
    }
    pins.set(key, image.digest);
    return named(image.digest);
  } catch (error) {
    const away = error instanceof BallastError && error.detail.cause === registryNotReached;
    if (!away || known === undefined || !(await held(known))) throw error;
    report('note', `${reference.host} is not reached: ${showReference(reference)} as it was the last time`);
    return named(known);
  }
}
