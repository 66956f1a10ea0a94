import type { AppModel, Origins } from '#spec/model.ts';
import { inTurn } from './bounded.ts';
import { ofServices } from './of-services.ts';
import { openWork, type PinOrder, parallelMax, type Source, sourcesOf, withImages } from './pin.ts';
import { buildPath, findBuilt } from './pin-build.ts';
import { findNamed, foreseeForeign, isForeign } from './pin-named.ts';
import type { PinWork } from './pin-work.ts';

export interface PeekedImages {
  readonly model: AppModel;
  /** Services whose image only a build or a push can tell. Their image in the model has a tag that says so. */
  readonly unknown: readonly string[];
}

/** The model with the images that `pinImages` would give it, as far as it can be told without changing anything. */
export async function peekImages(order: Omit<PinOrder, 'onProgress'>): Promise<PeekedImages> {
  const work = openWork(order);
  const unknown: string[] = [];
  const peeked = await inTurn(sourcesOf(order.model), parallelMax, async (source) => {
    const image = await peekSource(work, source, order.origins ?? {});
    if (image === undefined) unknown.push(...source.services);
    const shown = image ?? `${work.access.name}/${placeOf(work, source)}:made-at-deploy`;
    return source.services.map((service) => [service, shown] as const);
  });
  return { model: withImages(order.model, new Map(peeked.flat())), unknown: unknown.toSorted() };
}

async function peekSource(work: PinWork, source: Source, origins: Origins): Promise<string | undefined> {
  if (source.kind === 'build') return await findBuilt(work, source);
  return await ofServices(source, origins, async () => {
    const found = await findNamed(work, source);
    if (found !== undefined) return found;
    return isForeign(source.image) ? await foreseeForeign(work, source) : undefined;
  });
}

const placeOf = (work: PinWork, source: Source): string =>
  source.kind === 'build' ? buildPath(work, source) : `mirror/${source.image.replace(/[:@].*$/, '')}`;
