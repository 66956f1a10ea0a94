import { BallastError } from '#base/errors.ts';
import { canonical } from '#base/json.ts';
import type { AppModel, BuildModel, ServiceModel } from '#spec/model.ts';
import { inTurn } from './bounded.ts';
import type { RegistryLogin } from './login.ts';
import { pinBuild } from './pin-build.ts';
import { pinNamed } from './pin-named.ts';
import { filePins, type Pins } from './pins.ts';
import { type BuildStorage, buildStorage, cacheDir, localImages } from './storage.ts';

/** What is being done for the image of some services. `detail` is a line that a tool printed. */
export interface ImageProgress {
  readonly services: readonly string[];
  readonly step: 'building' | 'pushing' | 'resolving' | 'copying' | 'ready' | 'note';
  readonly detail?: string;
}

export interface PinOrder {
  readonly model: AppModel;
  readonly access: RegistryLogin;
  readonly onProgress?: (progress: ImageProgress) => void;
  readonly signal?: AbortSignal;
  /** Where things are kept between runs; absent: the user's cache directory. */
  readonly cache?: string;
}

/** What pinning one image needs; shared by all of a run. */
export interface PinWork {
  readonly app: string;
  readonly access: RegistryLogin;
  readonly storage: BuildStorage;
  readonly pins: Pins;
  readonly signal: AbortSignal;
  /** Ids by name of the images in the build storage. Read once, again when `fresh`. */
  readonly images: (fresh?: boolean) => Promise<ReadonlyMap<string, string>>;
}

export type Report = (step: ImageProgress['step'], detail?: string) => void;

/** An image that one or more services use. */
type Source =
  | { readonly kind: 'build'; readonly build: BuildModel; readonly services: readonly string[] }
  | { readonly kind: 'named'; readonly image: string; readonly services: readonly string[] };

const parallelMax = 2;

/**
 * Makes every image of an app one that the fleet can run now and later: builds and pushes what is built, copies
 * what comes from elsewhere into the fleet's registry, and names each by digest there. The answer holds no `build`,
 * so that equal images give equal models. Nothing that is in place already is done again.
 */
export async function pinImages(order: PinOrder): Promise<AppModel> {
  const { model, access, onProgress, cache = cacheDir() } = order;
  const signal = order.signal ?? new AbortController().signal;
  const storage = buildStorage(cache);
  let images: Promise<ReadonlyMap<string, string>> | undefined;
  const work: PinWork = {
    app: model.name,
    access,
    storage,
    pins: filePins(cache),
    signal,
    images: async (fresh = false) => {
      if (fresh || !images) images = localImages(storage, signal);
      return await images;
    },
  };
  const pinned = await inTurn(sourcesOf(model), parallelMax, async (source) => {
    const report: Report = (step, detail) =>
      onProgress?.({ services: source.services, step, ...(detail === undefined ? {} : { detail }) });
    const image = await pinSource(work, source, report);
    report('ready', image);
    return source.services.map((service) => [service, image] as const);
  });
  const imageOf = new Map(pinned.flat());
  const services = Object.entries(model.services).map(([name, { build: _, ...service }]) => {
    const image = imageOf.get(name);
    return [name, image === undefined ? service : { ...service, image }] as const;
  });
  return { ...model, services: Object.fromEntries(services) };
}

async function pinSource(work: PinWork, source: Source, report: Report): Promise<string> {
  const [service = ''] = source.services;
  if (source.kind === 'build') return await pinBuild(work, { service, build: source.build }, report);
  try {
    return await pinNamed(work, source.image, report);
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    throw new BallastError(error.code, `service ${service}: ${error.message}`, error.detail);
  }
}

/** Services that build the same or name the same image share it. In the order of their names. */
function sourcesOf({ services }: AppModel): Source[] {
  const byKey = new Map<string, ServiceModel[]>();
  for (const [, service] of Object.entries(services).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const key = canonical(service.build ?? service.image);
    byKey.set(key, [...(byKey.get(key) ?? []), service]);
  }
  return [...byKey.values()].flatMap((users): Source[] => {
    const [first] = users;
    const names = users.map((user) => user.name);
    if (first?.build) return [{ kind: 'build', build: first.build, services: names }];
    return first?.image === undefined ? [] : [{ kind: 'named', image: first.image, services: names }];
  });
}
