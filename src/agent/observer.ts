import type { Manifest, Resource, ResourceKind } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { placeOf } from '#converge/kinds.ts';
import type { Ledger } from '#converge/ledger.ts';
import type { Facilities, Facility } from '#host/facility.ts';
import { explain } from './log.ts';

export interface Sight {
  readonly observed: ReadonlyMap<string, Observed>;
  /** Number of the last change that this look can have seen. */
  readonly seen: number;
}

/**
 * What was last seen of the machine, kind by kind, and which kinds have to be looked at again. Looking is the
 * expensive part of converging, so only what may have changed is looked at.
 */
export interface Observer {
  readonly mark: (kinds: Iterable<ResourceKind>) => void;
  readonly isDirty: () => boolean;
  /** Looks at what is marked. Answers with the kinds that could not be looked at, and why. */
  readonly look: (manifest: Manifest, ledger: Ledger) => Promise<ReadonlyMap<ResourceKind, string>>;
  readonly sights: () => ReadonlyMap<string, Observed>;
  /** Tells that a resource was changed: what was seen of it before does not count any more. */
  readonly changed: (resource: Resource) => void;
  /** Whether a resource was changed after it was last looked at. */
  readonly isStale: (resource: Resource) => boolean;
}

export function createObserver(facilities: Facilities): Observer {
  const kinds = Object.keys(facilities) as ResourceKind[];
  const dirty = new Set<ResourceKind>(kinds);
  const sights = new Map<ResourceKind, Sight>();
  const changes = new Map<string, number>();
  let count = 0;

  async function lookAt(kind: ResourceKind, manifest: Manifest, ledger: Ledger): Promise<void> {
    const seen = count;
    const resources = manifest.resources.filter((resource) => resource.kind === kind);
    // One cast in one place: the table has each kind's own facility.
    const facility = facilities[kind] as unknown as Facility;
    sights.set(kind, { observed: await facility.observe(resources, ledger), seen });
  }

  return {
    mark(marked) {
      for (const kind of marked) dirty.add(kind);
    },
    isDirty: () => dirty.size > 0,
    async look(manifest, ledger) {
      const marked = [...dirty];
      dirty.clear();
      const failures = new Map<ResourceKind, string>();
      await Promise.all(
        marked.map(async (kind) => {
          await lookAt(kind, manifest, ledger).catch((cause: unknown) => failures.set(kind, explain(cause)));
        }),
      );
      return failures;
    },
    sights: () => new Map([...sights.values()].flatMap(({ observed }) => [...observed])),
    changed(resource) {
      count += 1;
      changes.set(placeOf(resource), count);
      dirty.add(resource.kind);
    },
    isStale: (resource) => (changes.get(placeOf(resource)) ?? 0) > (sights.get(resource.kind)?.seen ?? 0),
  };
}
