import type { Problem } from '#base/result.ts';
import { ending, type Heard, listed, type PortName } from './listeners.ts';
import type { Release } from './model.ts';

/** The unit by which a machine takes requests from the world. */
export const ingressUnit = 'ballast-ingress.service';

const names = { plain: { protocol: 'tcp', port: 80 }, secure: { protocol: 'tcp', port: 443 } } as const;

/** Ports of machines that ingress needs for a release. */
export function ingressPortsOf({ model }: Pick<Release, 'model'>): readonly PortName[] {
  const entries = Object.values(model.services).flatMap(({ ingress = [] }) => ingress);
  if (entries.length === 0) return [];
  return entries.every(({ tls }) => tls.kind === 'off') ? [names.plain] : [names.plain, names.secure];
}

/** Ports that ingress needs and that another process of a machine has. */
export function heldIngressPorts(
  release: Release,
  heard: readonly Heard[],
  machines: readonly string[],
): readonly Problem[] {
  const service = Object.values(release.model.services).find(({ ingress = [] }) => ingress.length > 0);
  if (service === undefined) return [];
  const path = `services.${service.name}.x-ballast.ingress`;
  const at =
    release.origins[`${path}.0`] ?? release.origins[path] ?? release.origins[`services.${service.name}`];
  return ingressPortsOf(release).flatMap(({ port }): readonly Problem[] => {
    const holders = heard.flatMap(({ machine, found }) => {
      const holder = found.find(
        (one) => one.protocol === 'tcp' && one.port === port && one.unit !== ingressUnit,
      );
      return holder === undefined || !machines.includes(machine) ? [] : [{ machine, holder }];
    });
    const [first] = holders;
    if (first === undefined) return [];
    return [
      {
        code: 'plan/port-held',
        what: `port ${port}/tcp, which x-ballast.ingress of service ${service.name} needs, is taken ${listed(holders)}`,
        why: 'the world reaches services by name on this port of every machine that takes requests',
        fix: `${ending(first)}, or have other machines take requests: label them ingress`,
        ...(at ? { at } : {}),
      },
    ];
  });
}
