import { must } from '#base/assert.ts';
import { present } from '#base/present.ts';
import { showOrigin } from '#base/result.ts';
import { type Placed, serving } from '#compile/view.ts';
import { serviceDigest } from '#plan/digest.ts';
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
 * All ways in of a fleet. They are those of the release that is being made true as soon as a replica serves that is as it
 * wants them, so that they change with what answers; while none serves at all they stay.
 */
export function ingressRoutes(
  policy: Policy,
  plan: Plan,
  placed: readonly Placed[],
): readonly IngressRoute[] {
  const groups = Map.groupBy(serving(placed), ({ replica }) => `${replica.app}/${replica.service}`);
  return Object.keys(policy.apps)
    .sort()
    .flatMap((app) => {
      const target = policy.apps[app]?.releases[plan.apps[app]?.target ?? -1];
      return Object.values(target?.model.services ?? {}).flatMap((wanted) => {
        const own = groups.get(`${app}/${wanted.name}`) ?? [];
        if (target === undefined || !speaksOfIngress(wanted, own)) return [];
        const digest = serviceDigest(target, wanted);
        const isCurrent = ({ replica }: Placed): boolean => replica.digest === digest;
        const { release, service } =
          own.length === 0 || own.some(isCurrent) ? { release: target, service: wanted } : newestOf(own);
        return (service.ingress ?? []).map((entry, index) =>
          present({
            ...entry,
            ...{ app, service: service.name, tls: tlsOf(release, entry.tls) },
            replicas: own
              .filter((one) => isCurrent(one) || hasPort(one.service, entry))
              .map(({ replica }) => replica.address),
            vip: plan.services?.[`${app}/${service.name}`]?.vip,
            origin: originOf(release, service, index),
          }),
        );
      });
    });
}

const speaksOfIngress = (wanted: ServiceModel, own: readonly Placed[]): boolean =>
  wanted.ingress !== undefined || own.some(({ service }) => service.ingress !== undefined);

const newestOf = (own: readonly Placed[]): Placed =>
  must(own.toSorted((a, b) => b.release.number - a.release.number)[0], 'a replica of the service');

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
