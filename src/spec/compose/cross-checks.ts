import type { Origin } from '#base/result.ts';
import { suggest } from '#base/suggest.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get } from '#spec/yaml/tree.ts';
import { checkCompanions } from './companions.ts';
import { checkIngress } from './ingress-checks.ts';
import { checkAddresses, checkNames } from './name-checks.ts';
import type { WrittenPort } from './normal/ports.ts';
import type { Scope } from './normal/scope.ts';
import type { WrittenService } from './normal/service.ts';

type Services = ReadonlyMap<string, WrittenService>;

/** What only shows when services are looked at together. `all`: names of services left out by profiles too. */
export function crossCheck(scope: Scope, services: Services, all: readonly string[]): void {
  checkPorts(scope, services);
  checkCompanions(scope, services, all);
  checkIngress(scope, services);
  const models = new Map([...services].map(([name, { model }]) => [name, model]));
  checkNames(scope, models);
  checkAddresses(scope, models);
  checkDependencies(scope, services, all);
  checkCycles(scope, services);
}

function checkPorts(scope: Scope, services: Services): void {
  const taken = new Map<string, { service: string; written: WrittenPort }[]>();
  const all = [...services].flatMap(([service, { ports }]) => ports.map((written) => ({ service, written })));
  for (const { service, written } of all.sort((a, b) => before(a.written.tree.at, b.written.tree.at))) {
    const { published, protocol, hostIp } = written.port;
    const key = `${published}/${protocol}`;
    const others = taken.get(key) ?? [];
    const other = others.find((one) => meet(one.written.port.hostIp, hostIp));
    if (other !== undefined) {
      const where = other.service === service ? 'the same service' : `services.${other.service}`;
      scope.source.problems.add('port-clash', {
        what: `services.${service}: port ${key} is published twice; ${where} has it on line ${other.written.tree.at.line}`,
        why: 'a port of a machine leads to one service',
        fix: `publish another port, for example "${published + 1}:${written.port.target}"`,
        at: written.tree.at,
      });
    }
    taken.set(key, [...others, { service, written }]);
  }
}

/** Orders places as a reader meets them. */
const before = (a: Origin, b: Origin): number =>
  a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;

/** Two ports of one number meet unless each listens on an address of its own. */
const meet = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === b;

function checkDependencies(scope: Scope, services: Services, all: readonly string[]): void {
  const { problems } = scope.source;
  for (const [name, { model }] of services) {
    for (const { service, condition, required } of model.dependsOn) {
      const place = entryAt(scope, name, service);
      const other = services.get(service)?.model;
      if (other !== undefined) checkCondition(scope, name, condition, other, place);
      else if (service === model.networkOf) continue;
      else if (!all.includes(service)) {
        const near = suggest(service, all);
        problems.add('unknown-service', {
          what: `services.${name}: depends_on names ${service}, and there is no such service`,
          fix: near === undefined ? `add the service ${service}, or remove it here` : `did you mean ${near}?`,
          at: place,
        });
      } else if (required) {
        problems.add('inactive-service', {
          what: `services.${name}: depends_on names ${service}, which its profiles leave out`,
          fix: `ask for one of its profiles, or write ${service}: { required: false }`,
          at: place,
        });
      }
    }
  }
}

function entryAt(scope: Scope, service: string, dependency: string): Tree['at'] | undefined {
  const tree = get(scope.root, 'services', service, 'depends_on');
  const written = tree?.kind === 'mapping' ? (tree.entries.get(dependency)?.at ?? tree.at) : tree?.at;
  return written ?? get(scope.root, 'services', service, 'network_mode')?.at;
}

function checkCondition(
  scope: Scope,
  name: string,
  condition: string,
  other: ServiceModel,
  place: Tree['at'] | undefined,
): void {
  if (
    condition === 'healthy' &&
    other.probe === undefined &&
    (other.healthcheck ?? 'disabled') === 'disabled'
  ) {
    const off = other.healthcheck === 'disabled';
    scope.source.problems.warn('no-healthcheck', {
      what: `services.${name} waits for ${other.name} to be healthy, which has no healthcheck here`,
      why: off
        ? 'its check is turned off: it counts as healthy once it runs'
        : 'only a check in its image could tell',
      fix: `add services.${other.name}.healthcheck, or x-ballast.health`,
      at: place,
    });
  }
  if (condition === 'completed' && other.restart.condition === 'any') {
    scope.source.problems.add('never-completes', {
      what: `services.${name} waits for ${other.name} to complete, which is started again whenever it ends`,
      fix: `write restart: "no" or restart: on-failure for ${other.name}`,
      at: place,
    });
  }
}

/** Each ring of depends_on once, told where its first service, by name, is named by the one before it. */
function checkCycles(scope: Scope, services: Services): void {
  const done = new Set<string>();
  const told = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    const begin = way.indexOf(name);
    if (begin >= 0) return tell(scope, way.slice(begin), told);
    if (done.has(name)) return;
    for (const { service } of services.get(name)?.model.dependsOn ?? []) {
      if (services.has(service)) visit(service, [...way, name]);
    }
    done.add(name);
  };
  for (const name of services.keys()) visit(name, []);
}

function tell(scope: Scope, ring: readonly string[], told: Set<string>): void {
  const first = ring.indexOf([...ring].sort()[0] ?? '');
  const turned = [...ring.slice(first), ...ring.slice(0, first)];
  const text = [...turned, turned[0]].join(' -> ');
  if (told.has(text)) return;
  told.add(text);
  const [from = '', to = from] = turned;
  scope.source.problems.add('dependency-cycle', {
    what: `depends_on goes round in a ring: ${text}`,
    why: 'none of them could start first',
    fix: 'remove one of the dependencies; a service that connects again when need be has no order to keep',
    at: entryAt(scope, from, to),
  });
}
