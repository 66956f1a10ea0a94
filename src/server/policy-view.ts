import type { AccessPolicy } from '#plan/access-model.ts';
import type { MeshState } from '#plan/mesh.ts';
import type { AppPolicy, MachineRecord, Policy, Release } from '#plan/model.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import { keys } from './keys.ts';

/** What the store holds of an app; its releases stand under keys of their own. */
export interface StoredApp {
  readonly name: string;
  readonly wanted: number | null;
}

/** The fleet before anyone described it. */
export const emptyFleet: FleetModel = {
  name: 'fleet',
  pools: {},
  network: { machines: '10.90.0.0/16', containers: '10.91.0.0/16' },
  registry: {},
};

/** Puts the policy together from its stored parts. Rebuilt only when a part changed. */
export class PolicyView {
  #fleet: FleetModel = emptyFleet;
  #origins: Origins | undefined;
  #hostSecrets: Policy['hostSecrets'];
  #dropped: readonly string[] = [];
  #access: AccessPolicy | undefined;
  #mesh: MeshState | undefined;
  readonly #machines = new Map<string, MachineRecord>();
  readonly #apps = new Map<string, StoredApp>();
  readonly #releases = new Map<string, Map<number, Release>>();
  #policy: Policy | undefined;

  /** Takes in one stored part; null when it was deleted. Answers whether it was one. */
  take(key: string, value: string | null): boolean {
    if (!key.startsWith(keys.policy)) return false;
    this.#policy = undefined;
    const [, kind = '', name = '', number] = key.split('/');
    if (kind === 'fleet') this.#fleet = value === null ? emptyFleet : (JSON.parse(value) as FleetModel);
    else if (kind === 'fleet-origins')
      this.#origins = value === null ? undefined : (JSON.parse(value) as Origins);
    else if (kind === 'host-secrets')
      this.#hostSecrets = value === null ? undefined : (JSON.parse(value) as Record<string, number>);
    else if (kind === 'dropped') this.#dropped = value === null ? [] : (JSON.parse(value) as string[]);
    else if (kind === 'access')
      this.#access = value === null ? undefined : (JSON.parse(value) as AccessPolicy);
    else if (kind === 'mesh') this.#mesh = value === null ? undefined : (JSON.parse(value) as MeshState);
    else if (kind === 'machine') put(this.#machines, name, value);
    else if (kind === 'app') put(this.#apps, name, value);
    else if (kind === 'release') put(this.#releasesOf(name), Number(number), value);
    return true;
  }

  get policy(): Policy {
    this.#policy ??= {
      fleet: this.#fleet,
      machines: sorted(this.#machines),
      apps: Object.fromEntries(
        Object.values(sorted(this.#apps)).map((app) => [app.name, this.#appPolicy(app)]),
      ),
      ...(this.#origins ? { fleetOrigins: this.#origins } : {}),
      ...(this.#hostSecrets ? { hostSecrets: this.#hostSecrets } : {}),
      ...(this.#access ? { access: this.#access } : {}),
      ...(this.#mesh ? { mesh: this.#mesh } : {}),
      ...(this.#dropped.length === 0 ? {} : { droppedVolumes: this.#dropped }),
    };
    return this.#policy;
  }

  #appPolicy({ name, wanted }: StoredApp): AppPolicy {
    return { name, wanted, releases: Object.fromEntries(this.#releasesOf(name)) };
  }

  #releasesOf(app: string): Map<number, Release> {
    const there = this.#releases.get(app);
    if (there !== undefined) return there;
    const made = new Map<number, Release>();
    this.#releases.set(app, made);
    return made;
  }
}

function put<K, V>(map: Map<K, V>, key: K, value: string | null): void {
  if (value === null) map.delete(key);
  else map.set(key, JSON.parse(value) as V);
}

function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
