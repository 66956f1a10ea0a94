import type { Problem } from '#base/result.ts';
import type { PortModel } from '#spec/model.ts';
import type { AppPolicy, Plan, Policy, Release } from './model.ts';

/** Ports that machines use themselves. */
const reservedPorts: Readonly<Record<string, string>> = {
  '22/tcp': 'the machines’ own ssh',
  '53/tcp': 'the machines’ own name service',
  '53/udp': 'the machines’ own name service',
  '5000/tcp': 'the fleet’s registry',
  '5001/tcp': 'the fleet’s registry',
};

/**
 * Published ports of a release that another app, or the machines themselves, already have. A port
 * published with `mode: ingress` answers on every machine, so it can belong to one service of the fleet only.
 */
export function portClashes(policy: Policy, plan: Plan, release: Release): readonly Problem[] {
  const taken = new Map<string, { readonly app: string; readonly service: string }>();
  for (const app of Object.values(policy.apps)) {
    if (app.name === release.app) continue;
    for (const { port, service } of holding(app, plan).flatMap(ports)) {
      taken.set(key(port), { app: app.name, service });
    }
  }
  return ports(release).flatMap(({ port, service, index }) => {
    const reserved = reservedPorts[key(port)];
    const holder = taken.get(key(port));
    const owner = reserved ?? (holder && `service ${holder.service} of app ${holder.app}`);
    if (owner === undefined) return [];
    const free = port.published < 1024 ? port.published + 8000 : port.published + 1;
    const at =
      release.origins[`services.${service}.ports.${index}`] ?? release.origins[`services.${service}.ports`];
    return [
      {
        code: 'plan/port-taken',
        what: `port ${port.published}/${port.protocol} of service ${service} is taken by ${owner}`,
        why: reserved
          ? 'a published port answers on every machine, and there this one is in use'
          : 'a published port answers on every machine, so only one service of the fleet can have it',
        fix:
          `publish another port, for example "${free}:${port.target}${port.protocol === 'udp' ? '/udp' : ''}"` +
          (holder === undefined || reserved
            ? ''
            : `, or remove the app that has it: ballast rm ${holder.app}`),
        ...(at ? { at } : {}),
      },
    ];
  });
}

/** Releases of an app that have their ports: what is being made true and what still runs, not what was given up. */
export function holding({ name, wanted, releases }: AppPolicy, { apps, replicas }: Plan): readonly Release[] {
  const state = apps[name];
  const target = state === undefined || state.wanted !== wanted ? wanted : state.target;
  const running = Object.values(replicas).flatMap((one) => (one.app === name ? [one.release] : []));
  return [...new Set([target, ...running])].flatMap((number) =>
    number === null || releases[number] === undefined ? [] : [releases[number]],
  );
}

const key = (port: PortModel): string => `${port.published}/${port.protocol}`;

function ports(release: Release): readonly { port: PortModel; service: string; index: number }[] {
  return Object.values(release.model.services).flatMap((service) =>
    service.ports.map((port, index) => ({ port, service: service.name, index })),
  );
}
