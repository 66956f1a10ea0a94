import type { AppModel, ServiceModel } from '#spec/model.ts';
import type { RegistryAccess } from '#wire/views.ts';
import type { Shell } from './shell.ts';

export interface PeekedImages {
  readonly model: AppModel;
  /** Services whose image only building or copying can tell. */
  readonly unknown: readonly string[];
}

/** Ends the pinning of an image at the first step that would change something. */
class WouldChange extends Error {}

/**
 * The model with the images a deploy would give it, as far as can be told without building, copying or pushing. An
 * unchanged build is known from the last time, so that a plan shows no change where there is none; an unknown one
 * gets a tag that says so.
 */
export async function peekImages(
  model: AppModel,
  access: RegistryAccess,
  shell: Shell,
): Promise<PeekedImages> {
  const found = await Promise.all(
    Object.values(model.services).map(
      async (service) => [service, await peek(model, service, access, shell)] as const,
    ),
  );
  const services = found.map(([service, image]): [string, ServiceModel] => {
    const { build, ...plain } = service;
    const unbuilt = `${access.name}/${model.name}/${service.name}:built-at-deploy`;
    const unknown = build === undefined ? service.image : unbuilt;
    const shown = image ?? unknown;
    return [service.name, shown === undefined ? plain : { ...plain, image: shown }];
  });
  return {
    model: { ...model, services: Object.fromEntries(services) },
    unknown: found.filter(([, image]) => image === undefined).map(([{ name }]) => name),
  };
}

async function peek(
  model: AppModel,
  service: ServiceModel,
  access: RegistryAccess,
  shell: Shell,
): Promise<string | undefined> {
  const { pinImages } = await import('#host/images/pin.ts');
  try {
    const pinned = await pinImages({
      model: { ...model, services: { [service.name]: service } },
      access,
      signal: shell.signal,
      onProgress({ step }) {
        if (step === 'building' || step === 'pushing' || step === 'copying') throw new WouldChange(step);
      },
    });
    return pinned.services[service.name]?.image;
  } catch (error) {
    if (error instanceof WouldChange) return undefined;
    throw error;
  }
}
