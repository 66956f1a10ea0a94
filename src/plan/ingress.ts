import type { Problem } from '#base/result.ts';
import { namesOf } from '#spec/ingress-model.ts';
import type { AppPolicy, Plan, Policy, Release } from './model.ts';
import { holding } from './ports.ts';

interface Way {
  readonly app: string;
  readonly service: string;
  readonly index: number;
  readonly host: string;
  readonly path: string;
  /** Requests are sent elsewhere, whatever their path. */
  readonly away: boolean;
  readonly tls: string;
}

const ports: readonly number[] = [80, 443];

/** What of a release's ways in another app has already, and published ports that ingress needs. */
export function ingressClashes(policy: Policy, plan: Plan, release: Release): readonly Problem[] {
  const others = Object.values(policy.apps).filter((app) => app.name !== release.app);
  const held = others.flatMap((app) => holding(app, plan));
  return [
    ...nobodyCertifies(policy, release),
    ...hostClashes(release, held),
    ...portClashes(release, held, others, plan),
  ];
}

function nobodyCertifies({ fleet }: Policy, release: Release): readonly Problem[] {
  const way = waysOf(release).find(({ tls }) => tls === 'auto');
  if (way === undefined || fleet.ingress?.acme !== undefined) return [];
  return [
    {
      code: 'plan/no-acme',
      what: `${way.host} of service ${way.service} has tls: auto, and the fleet file does not say who certifies`,
      why: 'an authority is asked only when its terms were agreed to',
      fix: 'add it to the fleet file: ingress: { acme: { email: ops@example.com } }; or write tls: internal',
      ...placeOf(release, way),
    },
  ];
}

function hostClashes(release: Release, held: readonly Release[]): readonly Problem[] {
  const taken = held.flatMap(waysOf);
  return waysOf(release).flatMap((way) => {
    const same = taken.filter(({ host }) => host === way.host);
    const twin = same.find((other) => other.away || way.away || other.path === way.path);
    const unlike = same.find(({ tls }) => tls !== way.tls);
    const other = twin ?? unlike;
    if (other === undefined) return [];
    const owner = `service ${other.service} of app ${other.app}`;
    return [
      {
        code: 'plan/ingress-taken',
        what:
          twin === undefined
            ? `${way.host} has tls ${way.tls} at service ${way.service}, and ${unlike?.tls ?? ''} at ${owner}`
            : `${way.host}${way.path} of service ${way.service} is taken by ${owner}`,
        why: twin === undefined ? 'a host has one certificate' : 'a request has one way to go',
        fix: `use another host${twin === undefined ? '' : ' or path_prefix'}, or remove the app that has it: ballast rm ${other.app}`,
        ...placeOf(release, way),
      },
    ];
  });
}

/** Ports 80 and 443 of machines are either published or those of ingress. */
function portClashes(
  release: Release,
  held: readonly Release[],
  others: readonly AppPolicy[],
  plan: Plan,
): readonly Problem[] {
  const way = waysOf(release)[0];
  const published = held.flatMap(publishedBy)[0];
  const problems: Problem[] = [];
  if (way !== undefined && published !== undefined) {
    problems.push({
      code: 'plan/port-taken',
      what: `x-ballast.ingress of service ${way.service} needs port ${published.port}, which service ${published.service} of app ${published.app} publishes`,
      why: 'a port of a machine leads to one place',
      fix: `publish another port there, or reach that service by x-ballast.ingress too`,
      ...placeOf(release, way),
    });
  }
  const user = others.flatMap((app) => holding(app, plan)).flatMap(waysOf)[0] ?? way;
  for (const { service, port, index } of user === undefined ? [] : publishedBy(release)) {
    const at = release.origins[`services.${service}.ports.${index}`];
    problems.push({
      code: 'plan/port-taken',
      what: `port ${port} of service ${service} is taken by ingress, for ${user?.host ?? ''} of app ${user?.app ?? ''}`,
      why: 'a port of a machine leads to one place',
      fix: `reach the service by a name: x-ballast: { ingress: { host: …, port: … } }`,
      ...(at ? { at } : {}),
    });
  }
  return problems;
}

function waysOf({ app, model }: Release): readonly Way[] {
  return Object.values(model.services).flatMap(({ name: service, ingress = [] }) =>
    ingress.flatMap((entry, index) =>
      namesOf(entry).map((host) => ({
        ...{ app, service, index, host, path: entry.pathPrefix },
        ...{ away: entry.redirectFrom.includes(host), tls: entry.tls.kind },
      })),
    ),
  );
}

function publishedBy({ app, model }: Release) {
  return Object.values(model.services).flatMap(({ name: service, ports: all }) =>
    all.flatMap(({ published, protocol }, index) =>
      protocol === 'tcp' && ports.includes(published) ? [{ app, service, port: published, index }] : [],
    ),
  );
}

function placeOf({ origins }: Release, { service, index }: Way): Pick<Problem, 'at'> {
  const path = `services.${service}.x-ballast.ingress`;
  const at = origins[`${path}.${index}`] ?? origins[path] ?? origins[`services.${service}`];
  return at ? { at } : {};
}
