import { BallastError } from '#base/errors.ts';
import { present } from '#base/present.ts';
import { type Problem, showOrigin } from '#base/result.ts';
import { suggest } from '#base/suggest.ts';
import type { Policy, Release } from '#plan/model.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import { allMachines } from '#spec/security-model.ts';
import type { TrafficPeer } from '#spec/traffic-model.ts';

/** One entry of `from` or `to` in a service's rules. */
interface NamedPeer {
  /** `services.web.x-ballast.inbound.0.from.1`. */
  readonly path: string;
  readonly peer: TrafficPeer;
}

export interface RuleFindings {
  readonly problems: readonly Problem[];
  /** Nothing to stop for: the rule holds once what it names is there. */
  readonly warnings: readonly Problem[];
}

/** What the rules of an app name that the fleet does not have. A file alone cannot tell. */
export function checkRules(
  { model, origins }: Pick<Release, 'model' | 'origins'>,
  policy: Pick<Policy, 'fleet' | 'apps'>,
): RuleFindings {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const { path, peer } of peersOf(model)) {
    const at = origins[path] ?? origins[path.replace(/\.\d+$/, '')];
    if (peer.kind === 'group')
      problems.push(...unknownGroup(model, path, peer.group, policy.fleet).map(set(at)));
    if (peer.kind !== 'service' || peer.app === undefined) continue;
    const other = policy.apps[peer.app];
    if (other === undefined || other.wanted === null) {
      const near = suggest(peer.app, Object.keys(policy.apps));
      warnings.push(
        set(at)({
          code: 'unknown-app',
          what: `${path}: there is no app ${peer.app} yet`,
          why: 'until it is deployed the rule lets nobody through',
          fix: near === undefined ? `deploy ${peer.app}, or correct the name` : `did you mean ${near}?`,
        }),
      );
      continue;
    }
    const known = Object.keys(other.releases[other.wanted]?.model.services ?? {});
    if (known.includes(peer.service)) continue;
    const near = suggest(peer.service, known);
    problems.push(
      set(at)({
        code: 'unknown-service',
        what: `${path}: the app ${peer.app} has no service ${peer.service}`,
        fix: near === undefined ? `it has ${known.sort().join(', ')}` : `did you mean ${near}?`,
      }),
    );
  }
  return { problems, warnings };
}

/** Throws unless all that the rules of an app name is there. */
export function refuseRules(
  release: Pick<Release, 'model' | 'origins'>,
  policy: Pick<Policy, 'fleet' | 'apps'>,
): void {
  const { problems } = checkRules(release, policy);
  if (problems.length === 0) return;
  throw new BallastError('refused', `${release.model.name} has rules that cannot hold; nothing was changed`, {
    problems,
  });
}

/** Groups that a fleet file does not have and that rules of apps name. One problem for each group. */
export function groupsInUse(fleet: FleetModel, { apps }: Policy): readonly Problem[] {
  const users = Object.values(apps).flatMap(({ wanted, releases }) => {
    const release = wanted === null ? undefined : releases[wanted];
    if (release === undefined) return [];
    return peersOf(release.model).flatMap(({ path, peer }) => {
      if (peer.kind !== 'group' || isGroup(fleet, peer.group)) return [];
      const at = release.origins[path];
      const place = at === undefined ? '' : ` (${showOrigin(at)})`;
      return [{ group: peer.group, user: `${release.app}: ${path}${place}` }];
    });
  });
  return [...Map.groupBy(users, ({ group }) => group)].map(([group, named]) => ({
    code: 'group-in-use',
    what: `the fleet file no longer has the security group ${group}, which rules of apps name`,
    why: named.map(({ user }) => user).join('; '),
    fix: `keep the group, or first deploy ${[...new Set(named.map(({ user }) => user.split(':')[0]))].join(' and ')} without it`,
  }));
}

function peersOf(model: AppModel): readonly NamedPeer[] {
  return Object.values(model.services).flatMap((service) =>
    (['inbound', 'outbound'] as const).flatMap((side) =>
      (service[side] ?? []).flatMap(({ peers }, rule) =>
        peers.map((peer, index) => ({
          path: `services.${service.name}.x-ballast.${side}.${rule}.${side === 'inbound' ? 'from' : 'to'}.${index}`,
          peer,
        })),
      ),
    ),
  );
}

const isGroup = ({ securityGroups }: FleetModel, name: string): boolean =>
  name === allMachines || securityGroups?.[name] !== undefined;

/** A name that is no group may have been meant as one, or as a service. */
function unknownGroup(model: AppModel, path: string, name: string, fleet: FleetModel): readonly Problem[] {
  if (isGroup(fleet, name)) return [];
  const groups = Object.keys(fleet.securityGroups ?? {});
  const near = suggest(name, [...Object.keys(model.services), ...groups, 'any', 'ingress', allMachines]);
  const known = groups.length === 0 ? 'the fleet has none' : `known are ${groups.sort().join(', ')}`;
  return [
    {
      code: 'undefined-group',
      what: `${path}: there is no service and no security group ${name}`,
      fix: near === undefined ? `${known}; or write APP/SERVICE or an address` : `did you mean ${near}?`,
    },
  ];
}

const set =
  (at: Origins[string] | undefined) =>
  (problem: Problem): Problem =>
    present({ ...problem, at });
