import { join } from 'node:path';
import { canonical } from '#base/json.ts';
import type { AppModel, Origins, ServiceModel } from '#spec/model.ts';
import { inTurn } from './bounded.ts';
import type { RegistryLogin } from './login.ts';
import { ofServices } from './of-services.ts';
import { pinBuild, type WantedBuild } from './pin-build.ts';
import { isLocal, type NamedImage, pinNamed } from './pin-named.ts';
import type { ImageProgress, PinWork, Report } from './pin-work.ts';
import { filePins } from './pins.ts';
import { awaitRegistry } from './registry-client.ts';
import { buildStorage, cacheDir, localImages } from './storage.ts';

export interface PinOrder {
  readonly model: AppModel;
  /** Where its parts were written, for failures. */
  readonly origins?: Origins;
  readonly access: RegistryLogin;
  readonly onProgress?: (progress: ImageProgress) => void;
  readonly signal?: AbortSignal;
  /** Where things are kept between runs; absent: the user's cache directory. */
  readonly cache?: string;
}

/** An image that one or more services use. */
export type Source = { readonly services: readonly string[] } & (
  | ({ readonly kind: 'build' } & WantedBuild)
  | ({ readonly kind: 'named' } & NamedImage)
);

export const parallelMax = 2;

/**
 * Makes every image of an app one that the fleet can run now and later: builds and pushes what is built, copies
 * what comes from elsewhere into the fleet's registry, and names each by digest there. The answer holds no `build`,
 * so that equal images give equal models. Nothing that is in place already is done again.
 */
export async function pinImages(order: PinOrder): Promise<AppModel> {
  const { model, access, onProgress, origins = {} } = order;
  const work = openWork(order);
  const sources = sourcesOf(model);
  const waiting = () => {
    const services = sources.flatMap((source) => source.services);
    onProgress?.({ services, step: 'note', detail: "waiting for the fleet's registry" });
  };
  // Looked at meanwhile: a process of its own, which takes as long.
  if (sources.some(isOfStorage)) work.images().catch(() => {});
  await awaitRegistry(access, waiting, work.signal);
  const pinned = await inTurn(sources, parallelMax, async (source) => {
    const report: Report = (step, detail) =>
      onProgress?.({ services: source.services, step, ...(detail === undefined ? {} : { detail }) });
    const image = await pinSource(work, source, origins, report);
    report('ready', image);
    return source.services.map((service) => [service, image] as const);
  });
  return withImages(model, new Map(pinned.flat()));
}

const isOfStorage = (source: Source): boolean => source.kind === 'named' && isLocal(source.image);

export function openWork({ model, access, cache = cacheDir(), signal }: PinOrder): PinWork {
  const storage = buildStorage(cache);
  let images: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    app: model.name,
    access,
    storage,
    archives: join(cache, 'images'),
    pins: filePins(cache),
    signal: signal ?? new AbortController().signal,
    images: async (fresh = false) => {
      if (fresh || !images) images = localImages(storage, signal);
      return await images;
    },
  };
}

export function withImages(model: AppModel, imageOf: ReadonlyMap<string, string>): AppModel {
  const services = Object.entries(model.services).map(([name, { build: _, ...service }]) => {
    const image = imageOf.get(name);
    return [name, image === undefined ? service : { ...service, image }] as const;
  });
  return { ...model, services: Object.fromEntries(services) };
}

/** Services that build the same or name the same image share it. In the order of their names. */
export function sourcesOf({ services }: AppModel): Source[] {
  const byKey = new Map<string, ServiceModel[]>();
  for (const [, service] of Object.entries(services).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { build, image, platform, pullPolicy } = service;
    const key = canonical([build ?? image, platform, pullPolicy]);
    byKey.set(key, [...(byKey.get(key) ?? []), service]);
  }
  return [...byKey.values()].flatMap((users): Source[] => {
    const [first] = users;
    if (!first) return [];
    const { name: service, build, image, platform, pullPolicy } = first;
    const names = users.map((user) => user.name);
    if (build) {
      const platforms = build.platforms.length > 0 || platform === undefined ? build.platforms : [platform];
      const refresh = pullPolicy === 'build';
      return [{ kind: 'build', services: names, service, build: { ...build, platforms }, refresh }];
    }
    if (image === undefined) return [];
    const named = {
      image,
      refresh: pullPolicy === 'always',
      ...(platform === undefined ? {} : { platform }),
    };
    return [{ kind: 'named', services: names, ...named }];
  });
}

async function pinSource(work: PinWork, source: Source, origins: Origins, report: Report): Promise<string> {
  if (source.kind === 'build') return await pinBuild(work, source, report);
  return await ofServices(source, origins, () => pinNamed(work, source, report));
}
