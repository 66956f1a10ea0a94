import type { Problem } from '#base/result.ts';
import type { PortModel } from '#spec/model.ts';
import type { Policy, Release } from './model.ts';

/** Ports that machines use themselves. */
const reservedPorts: Readonly<Record<number, string>> = {
  22: 'ssh',
  5000: 'the fleet’s registry',
  5001: 'the fleet’s registry',
};

/**
 * Published ports of a release that another app's wanted release, or the machines themselves, already have. A port
 * published with `mode: ingress` answers on every machine, so it can belong to one service of the fleet only.
 */
export function portClashes(policy: Policy, release: Release): readonly Problem[] {
  const taken = new Map<string, string>();
  for (const app of Object.values(policy.apps)) {
    const wanted = app.wanted === null ? undefined : app.releases[app.wanted];
    if (!wanted || app.name === release.app) continue;
    for (const { port, service } of ports(wanted))
      taken.set(key(port), `service ${service} of app ${app.name}`);
  }
  return ports(release).flatMap(({ port, service, index }) => {
    const owner =
      taken.get(key(port)) ?? (port.protocol === 'tcp' ? reservedPorts[port.published] : undefined);
    if (owner === undefined) return [];
    const at =
      release.origins[`services.${service}.ports.${index}`] ?? release.origins[`services.${service}.ports`];
    return [
      {
        code: 'plan/port-taken',
        what: `port ${port.published}/${port.protocol} of service ${service} is taken by ${owner}`,
        why: 'a published port answers on every machine, so only one service of the fleet can have it',
        fix: `publish another port, for example "${port.published + 1}:${port.target}"`,
        ...(at ? { at } : {}),
      },
    ];
  });
}

const key = (port: PortModel): string => `${port.published}/${port.protocol}`;

function ports(release: Release): readonly { port: PortModel; service: string; index: number }[] {
  return Object.values(release.model.services).flatMap((service) =>
    service.ports.map((port, index) => ({ port, service: service.name, index })),
  );
}
