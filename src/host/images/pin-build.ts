import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '#host/buildah.ts';
import { pushArchive, pushImage } from '#host/skopeo.ts';
import type { BuildModel } from '#spec/model.ts';
import { readBases } from './containerfile.ts';
import { type BuildFiles, digestDirectory, findBuildFiles } from './context.ts';
import type { PinWork, Report } from './pin-work.ts';
import { pinKey } from './pins.ts';
import { parseReference, repositoryPart, showReference } from './reference.ts';
import { askDigest } from './registry-client.ts';

/** An image that a service builds. */
export interface WantedBuild {
  readonly service: string;
  readonly build: BuildModel;
  /** Build even when nothing has changed. */
  readonly refresh: boolean;
}

/** Builds a service's image when anything it is made of has changed, pushes it, and names it by digest. */
export async function pinBuild(work: PinWork, wanted: WantedBuild, report: Report): Promise<string> {
  const { app, access, storage, pins, signal } = work;
  const { service, build } = wanted;
  const inputs = await readInputs(wanted);
  const known = await findKnown(work, wanted, inputs);
  if (known !== undefined) return known;

  report('building');
  const onLine = (line: string) => report('building', line);
  const { imageId } = await buildImage({ app, service, build, storage, onLine, signal });
  const path = buildPath(work, wanted);
  const pushKey = pinKey('push', access.name, access.ca, path, imageId);
  const pushed = pins.get(pushKey);
  const there = pushed === undefined ? undefined : await askDigest(access, path, pushed, signal);
  const digest = there ?? (await push(work, { path, imageId, inputs }, report));
  pins.set(pushKey, digest);
  // Bases may have been pulled by the build just now; what the context held was read before it.
  const key = keyOf(work, wanted, inputs, await work.images(true));
  if (key !== undefined) pins.set(key, digest);
  return `${access.name}/${path}@${digest}`;
}

/** The pinned name of a build whose result is in the registry already; undefined when only building tells. */
export async function findBuilt(work: PinWork, wanted: WantedBuild): Promise<string | undefined> {
  return await findKnown(work, wanted, await readInputs(wanted));
}

/** Where the image of a build goes in the fleet's registry. */
export const buildPath = ({ app }: PinWork, { service }: WantedBuild): string =>
  `${repositoryPart(app)}/${repositoryPart(service)}`;

/** Id of an image in the build storage, under any of the names that it may have there. */
export function findImage(images: ReadonlyMap<string, string>, name: string): string | undefined {
  const parsed = parseReference(name);
  return images.get(name) ?? (parsed.ok ? images.get(showReference(parsed.value)) : undefined);
}

interface Inputs {
  readonly files: BuildFiles;
  /** Names of the images it builds on. */
  readonly bases: readonly string[];
  /** Digest of the contexts; undefined when it cannot tell whether a build is needed. */
  readonly content: string | undefined;
}

async function readInputs({ service, build, refresh }: WantedBuild): Promise<Inputs> {
  const files = await findBuildFiles(service, build);
  const bases = readBases(files.text, build.args).filter((base) => !(base in build.additionalContexts));
  if (refresh || build.noCache || build.pull) return { files, bases, content: undefined };
  const digests = [await digestDirectory(build.context, files.ignoreFile)];
  for (const place of Object.values(build.additionalContexts)) {
    if (!place.startsWith('/')) return { files, bases, content: undefined };
    digests.push(await digestDirectory(place));
  }
  return { files, bases, content: createHash('sha256').update(digests.join()).digest('hex') };
}

async function findKnown(work: PinWork, wanted: WantedBuild, inputs: Inputs): Promise<string | undefined> {
  const { access, pins, signal } = work;
  const key = keyOf(work, wanted, inputs, await work.images());
  const digest = key === undefined ? undefined : pins.get(key);
  if (digest === undefined) return undefined;
  const path = buildPath(work, wanted);
  const there = await askDigest(access, path, digest, signal);
  return there === undefined ? undefined : `${access.name}/${path}@${digest}`;
}

/** Equal keys stand for equal builds. Undefined: only building tells. */
function keyOf(
  work: PinWork,
  wanted: WantedBuild,
  { files, bases, content }: Inputs,
  images: ReadonlyMap<string, string>,
): string | undefined {
  if (content === undefined) return undefined;
  const ids = bases.map((base) => findImage(images, base));
  if (ids.includes(undefined)) return undefined;
  const { context: _, file: __, additionalContexts, ...settings } = wanted.build;
  const { access } = work;
  const place = [access.name, access.ca, buildPath(work, wanted)];
  return pinKey('build', place, settings, Object.keys(additionalContexts), files.text, content, ids);
}

async function push(
  work: PinWork,
  { path, imageId, inputs }: { readonly path: string; readonly imageId: string; readonly inputs: Inputs },
  report: Report,
): Promise<string> {
  const { access, storage, signal } = work;
  report('pushing');
  await sendBases(work, inputs.bases);
  return await pushImage({ image: imageId, path, tag: imageId.slice(0, 12), access, storage, signal });
}

/**
 * Sends bases of which there is an archive, compressed as it lies there: their layers need not be compressed anew
 * for the image, which is most of the work of a first push.
 */
async function sendBases(work: PinWork, bases: readonly string[]): Promise<void> {
  const { access, archives, signal } = work;
  const images = await work.images();
  for (const base of bases) {
    const id = findImage(images, base);
    const archive = id === undefined ? undefined : join(archives, `${id}.tar`);
    if (id === undefined || archive === undefined || !existsSync(archive)) continue;
    const path = `mirror/base/${id.slice(0, 12)}`;
    if ((await askDigest(access, path, 'latest', signal)) !== undefined) continue;
    await pushArchive({ archive, path, access, signal });
  }
}
