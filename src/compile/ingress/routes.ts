import { must } from '#base/assert.ts';
import { present } from '#base/present.ts';
import { showOrigin } from '#base/result.ts';
import { type Placed, servedServices } from '#compile/view.ts';
import type { Plan, Policy, Release } from '#plan/model.ts';
import type { IngressModel, IngressTls } from '#spec/ingress-model.ts';
import type { ServiceModel } from '#spec/model.ts';

/** A way in from the world, with all that a machine needs to lead requests on. */
export interface IngressRoute extends Omit<IngressModel, 'tls'> {
  readonly app: string;
  readonly service: string;
  readonly tls: RouteTls;
  /** Addresses of the replicas that are to get requests. */
  readonly replicas: readonly string[];
  /** The service's virtual address, where it has one. */
  readonly vip?: string;
  /** `file:line:column`. */
  readonly origin: string;
}

/** `given`: secrets as `name@version`. */
export type RouteTls =
  | Exclude<IngressTls, { kind: 'given' }>
  | { kind: 'given'; readonly cert: string; readonly key: string };

/**
 * All ways in of a fleet. They are those of the newest release that has a serving replica, so that they change with
 * what answers; a service whose replicas are all away keeps them, as its release says.
 */
export function ingressRoutes(
  policy: Policy,
  plan: Plan,
  placed: readonly Placed[],
): readonly IngressRoute[] {
  const served = new Map(servedServices(placed).map((one) => [`${one.app}/${one.service.name}`, one]));
  return Object.keys(policy.apps)
    .sort()
    .flatMap((app) => {
      const target = policy.apps[app]?.releases[plan.apps[app]?.target ?? -1];
      return Object.values(target?.model.services ?? {}).flatMap((wanted) => {
        const { service, release } = served.get(`${app}/${wanted.name}`) ?? {
          service: wanted,
          release: must(target, `target of ${app}`),
        };
        const own = placed.filter(
          ({ replica }) =>
            replica.phase === 'serving' && replica.app === app && replica.service === service.name,
        );
        const vip = plan.services?.[`${app}/${service.name}`]?.vip;
        return (service.ingress ?? []).map((entry, index) =>
          present({
            ...entry,
            tls: tlsOf(release, entry.tls),
            app,
            service: service.name,
            replicas: own.filter((one) => hasPort(one.service, entry)).map(({ replica }) => replica.address),
            vip,
            origin: originOf(release, service, index),
          }),
        );
      });
    });
}

/** While a rollout changes the port, replicas of the release before it do not answer on the new one. */
const hasPort = ({ ingress = [] }: ServiceModel, { port }: IngressModel): boolean =>
  ingress.length === 0 || ingress.some((entry) => entry.port === port);

function tlsOf({ app, secrets }: Release, tls: IngressTls): RouteTls {
  if (tls.kind !== 'given') return tls;
  const reference = (key: string): string => {
    const { name, version } = must(secrets[key], `secret ${key} of ${app}`);
    return `${name}@${version}`;
  };
  return { kind: 'given', cert: reference(tls.cert), key: reference(tls.key) };
}

function originOf({ origins, app, number }: Release, { name }: ServiceModel, index: number): string {
  const path = `services.${name}.x-ballast.ingress`;
  const at = origins[`${path}.${index}`] ?? origins[path] ?? origins[`services.${name}`];
  return at ? showOrigin(at) : `${app} release ${number}`;
}
