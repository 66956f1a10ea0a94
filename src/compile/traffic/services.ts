import type { Placed } from '#compile/view.ts';
import type { Plan, Policy, Release, Replica } from '#plan/model.ts';
import { hasVip } from '#plan/services.ts';
import type { ServiceModel } from '#spec/model.ts';

/** A service as others on the network see it. */
export interface NetService {
  /** `app/service`. */
  readonly key: string;
  readonly app: string;
  /** In the model of the release that is being made true. */
  readonly model: ServiceModel;
  readonly release: Release;
  readonly vip?: string;
  /** All addresses that lead to its replicas: `vip`, and those that its networks give it by `ipv4_address`. */
  readonly virtual: readonly string[];
  /** All its containers that have an address of their own, whatever their phase. */
  readonly members: readonly Replica[];
  /** Those of them that take new connections. */
  readonly serving: readonly Replica[];
}

/** Every service that has containers with addresses of their own, or a virtual address; by key. */
export function netServices(
  policy: Policy,
  plan: Plan,
  placed: readonly Placed[],
): ReadonlyMap<string, NetService> {
  const groups = new Map<string, Placed[]>();
  for (const key of Object.keys(plan.services ?? {})) groups.set(key, []);
  for (const one of placed) {
    if (one.service.networkMode !== 'bridge') continue;
    const key = `${one.replica.app}/${one.replica.service}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const found = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, group]) => {
      const [app = '', name = ''] = key.split('/');
      const release = targetOf(policy, plan, app, name) ?? newestOf(group);
      const model = release?.model.services[name];
      if (release === undefined || model === undefined) return [];
      const vip = hasVip(model) ? plan.services?.[key]?.vip : undefined;
      const members = group.map(({ replica }) => replica);
      const serving = members.filter(({ phase }) => phase === 'serving');
      const fixed = Object.values(model.networks).flatMap(({ address }) => address ?? []);
      const virtual = [...(vip === undefined ? [] : [vip]), ...fixed.sort()];
      return [{ key, app, model, release, members, serving, virtual, ...(vip === undefined ? {} : { vip }) }];
    });
  return new Map(found.map((one) => [one.key, one]));
}

/** The release that is being made true, if it has the service. */
function targetOf(policy: Policy, plan: Plan, app: string, service: string): Release | undefined {
  const target = plan.apps[app]?.target ?? null;
  const release = target === null ? undefined : policy.apps[app]?.releases[target];
  return release !== undefined && service in release.model.services ? release : undefined;
}

const newestOf = (group: readonly Placed[]): Release | undefined =>
  group.toSorted((a, b) => b.release.number - a.release.number)[0]?.release;
