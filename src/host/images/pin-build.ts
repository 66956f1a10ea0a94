import { createHash } from 'node:crypto';
import { canonical } from '#base/json.ts';
import { buildImage } from '#host/buildah.ts';
import { pushImage } from '#host/skopeo.ts';
import type { BuildModel } from '#spec/model.ts';
import { readBases } from './containerfile.ts';
import { type BuildFiles, digestDirectory, findBuildFiles } from './context.ts';
import type { PinWork, Report } from './pin.ts';
import { pinKey } from './pins.ts';
import { parseReference, repositoryPart, showReference } from './reference.ts';
import { askDigest } from './registry-client.ts';

/** Builds a service's image when anything it is made of has changed, pushes it, and names it by digest. */
export async function pinBuild(
  work: PinWork,
  { service, build }: { readonly service: string; readonly build: BuildModel },
  report: Report,
): Promise<string> {
  const { app, access, storage, pins, signal } = work;
  const path = `${repositoryPart(app)}/${repositoryPart(service)}`;
  const named = (digest: string) => `${access.name}/${path}@${digest}`;
  const files = await findBuildFiles(service, build);
  const content = await digestContent(build, files);
  const before = keyOf(work, path, { build, files, content, images: await work.images() });
  const known = before === undefined ? undefined : pins.get(before);
  if (known !== undefined && (await askDigest(access, path, known, signal)) !== undefined)
    return named(known);

  report('building');
  const onLine = (line: string) => report('building', line);
  const { imageId } = await buildImage({ app, service, build, storage, onLine, signal });
  const pushKey = pinKey('push', access.name, access.ca, path, imageId);
  const pushed = pins.get(pushKey);
  const there = pushed === undefined ? undefined : await askDigest(access, path, pushed, signal);
  if (there === undefined) report('pushing');
  const tag = imageId.slice(0, 12);
  const digest = there ?? (await pushImage({ image: imageId, path, tag, access, storage, signal }));
  pins.set(pushKey, digest);
  // Bases may have been pulled by the build just now; what the context held was read before it.
  const after = before ?? keyOf(work, path, { build, files, content, images: await work.images(true) });
  if (after !== undefined) pins.set(after, digest);
  return named(digest);
}

/** Digest of the context and of further contexts that are directories here; undefined when one is elsewhere. */
async function digestContent(build: BuildModel, files: BuildFiles): Promise<string | undefined> {
  if (build.noCache || build.pull) return undefined;
  const digests = [await digestDirectory(build.context, files.ignoreFile)];
  for (const place of Object.values(build.additionalContexts)) {
    if (!place.startsWith('/')) return undefined;
    digests.push(await digestDirectory(place));
  }
  return createHash('sha256').update(digests.join()).digest('hex');
}

/** Equal keys stand for equal builds. Undefined: only building tells. */
function keyOf(
  { access }: PinWork,
  path: string,
  parts: {
    readonly build: BuildModel;
    readonly files: BuildFiles;
    readonly content: string | undefined;
    readonly images: ReadonlyMap<string, string>;
  },
): string | undefined {
  const { build, files, content, images } = parts;
  if (content === undefined) return undefined;
  const bases = readBases(files.text, build.args).filter((base) => !(base in build.additionalContexts));
  const ids = bases.map((base) => findImage(images, base));
  if (ids.includes(undefined)) return undefined;
  const { context: _, file: __, additionalContexts, ...settings } = build;
  const extra = Object.keys(additionalContexts);
  const all = [access.name, access.ca, path, canonical(settings), extra, files.text, content, ids];
  return pinKey('build', ...all);
}

/** Id of an image in the build storage, under any of the names that it may have there. */
export function findImage(images: ReadonlyMap<string, string>, name: string): string | undefined {
  const parsed = parseReference(name);
  return images.get(name) ?? (parsed.ok ? images.get(showReference(parsed.value)) : undefined);
}
