import { must } from '#base/assert.ts';
import { digestOf } from '#base/digest.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { Release } from './model.ts';

/**
 * Digest of all that a service's containers depend on. What only steers the rollout or the placement is left out,
 * so that changing it moves nothing that need not move. What it is to be restarted with is part of it.
 */
export function serviceDigest(release: Release, service: ServiceModel): string {
  const { deploy, image, dependsOn, ...rest } = service;
  const { build: _build, onLoss: _onLoss, inbound: _in, outbound: _out, ingress: _ways, ...container } = rest;
  const { services } = release.model;
  const restartedWith = dependsOn.flatMap(({ service: name, restart }) => {
    const other = restart ? services[name] : undefined;
    return other ? [serviceDigest(release, other)] : [];
  });
  return digestOf({
    container,
    image: contentOf(image),
    limits: deploy.limits,
    labels: deploy.labels,
    networks: Object.keys(service.networks).map((key) => release.model.networks[key]),
    volumes: service.mounts.map((mount) => mount.kind === 'volume' && ofContainer(release, mount.volume)),
    configs: service.configs.map((grant) => release.model.configs[grant.source]?.content),
    secrets: service.secrets.map((grant) => release.secrets[grant.source]),
    ...(restartedWith.length === 0 ? {} : { restartedWith }),
  });
}

function ofContainer(release: Release, name: string): unknown {
  const { onLoss: _, ...volume } = release.model.volumes[name] ?? {};
  return release.model.volumes[name] && volume;
}

/** The digest alone, where there is one: where an image lies in the registry changes nothing in the container. */
const contentOf = (image: string | undefined): string | undefined => image?.slice(image.indexOf('@') + 1);

export const serviceOf = (release: Release, name: string): ServiceModel =>
  must(release.model.services[name], `service ${name} of ${release.app} release ${release.number}`);
