import { fitsGlob } from '#base/glob.ts';
import { same } from '#base/json.ts';
import type { Manifest, Resource, ResourceKind } from '#compile/manifest.ts';
import { foundAs, isVolatile, judgeDrift } from '#converge/drift.ts';
import type { Step } from '#converge/step.ts';
import type { Drift } from '#plan/drift.ts';
import type { DriftFile } from './drift-file.ts';
import { type DriftNews, newsOfDrift } from './drift-news.ts';
import type { News } from './news.ts';
import type { Culprit } from './witness.ts';

export interface DriftBookOptions {
  readonly file: DriftFile;
  /** Another value means that the machine has started anew. */
  readonly bootId: string;
  readonly who: (resource: Resource) => Promise<Culprit | undefined>;
  readonly onNews: (news: News) => void;
}

export interface Look {
  readonly manifest: Manifest;
  /** Kinds that could not be looked at. */
  readonly blind: { readonly has: (kind: ResourceKind) => boolean };
  /** Being changed right now, or changed after it was looked at: what was seen of it does not count. */
  readonly isUnsure: (step: Step) => boolean;
}

/** What differs on this machine though nobody asked for it: since when, by whom, and what is done about it. */
export interface DriftBook {
  /** Takes in what a look found. Answers with the steps that are to be carried out. */
  readonly judge: (steps: readonly Step[], look: Look, now: number) => Promise<readonly Step[]>;
  /** These steps are under way: what is seen of their resources meanwhile tells nothing. */
  readonly began: (steps: readonly Step[]) => void;
  readonly ended: (step: Step, ok: boolean, now: number) => void;
  /** The machine holds its manifest: what a start had lost is back. */
  readonly settled: () => void;
  readonly list: () => readonly Drift[];
  /** Has everything that matches put right, whatever the fleet file says, until it is taken back. */
  readonly release: (pattern: string) => () => void;
}

export function createDriftBook({ file, bootId, who, onNews }: DriftBookOptions): DriftBook {
  const entries = new Map<string, Drift>(Object.entries(file.read().entries));
  const culprits = new Map<string, Culprit>();
  const underWay = new Set<string>();
  const released = new Set<{ readonly pattern: string }>();
  let boot = file.read().boot;

  const keep = (): void => file.write({ boot, entries: Object.fromEntries(entries) });
  const tell = (
    key: string,
    drift: Drift,
    stage: DriftNews['stage'],
    at: number,
    resource?: Resource,
  ): void => onNews(newsOfDrift({ drift, stage, at, culprit: culprits.get(key), resource }));

  /** What the last start of the machine took away is put back in any case: nobody has changed it. */
  const isLost = ({ resource }: Step): boolean => boot !== bootId && isVolatile(resource.kind);

  function judgementOf(step: Step, manifest: Manifest, now: number): Pick<Drift, 'doing' | 'until'> {
    const asked = [...released].some(({ pattern }) => fitsGlob(step.resource.id, pattern));
    if (asked || isLost(step)) return { doing: 'repairing' };
    return judgeDrift(step, manifest.drift, now);
  }

  async function take(step: Step, { manifest }: Look, now: number): Promise<Drift> {
    const { key, resource } = step;
    const before = entries.get(key);
    const seen = { found: foundAs(step), changes: step.changes };
    const isNew = before === undefined || !same({ found: before.found, changes: before.changes }, seen);
    const culprit = isNew && !isLost(step) ? await who(resource) : undefined;
    if (culprit) culprits.set(key, culprit);
    const by = culprit?.text ?? before?.by;
    const drift: Drift = {
      ...{ resource: resource.id, kind: resource.kind, ...seen, since: before?.since ?? now },
      ...(by === undefined ? {} : { by }),
      ...judgementOf(step, manifest, now),
    };
    entries.set(key, drift);
    if ((isNew || before.doing !== drift.doing) && !isLost(step)) {
      tell(key, drift, drift.doing === 'repairing' ? 'found' : drift.doing, now, resource);
    }
    return drift;
  }

  /** Forgets what is as declared again, by another hand or along with something else. */
  function dropOthers(steps: readonly Step[], { manifest, blind }: Look, now: number): void {
    const still = new Map(steps.map((step) => [step.key, step]));
    const wanted = new Set(manifest.resources.map(({ id }) => id));
    for (const [key, drift] of entries) {
      const step = still.get(key);
      if (step?.cause === 'corrective' || underWay.has(key) || blind.has(drift.kind as ResourceKind))
        continue;
      entries.delete(key);
      const isOver = step === undefined && (wanted.has(drift.resource) || drift.found === 'unwanted');
      if (isOver) tell(key, drift, 'over', now);
      culprits.delete(key);
    }
  }

  return {
    async judge(steps, look, now) {
      const before = JSON.stringify([...entries]);
      dropOthers(steps, look, now);
      const carried: Step[] = [];
      for (const step of steps) {
        if (step.cause === 'intentional') carried.push(step);
        else if (look.isUnsure(step)) {
          if (entries.get(step.key)?.doing !== 'reported') carried.push(step);
        } else if ((await take(step, look, now)).doing === 'repairing') carried.push(step);
      }
      if (JSON.stringify([...entries]) !== before) keep();
      return carried;
    },
    began(steps) {
      for (const { key } of steps) underWay.add(key);
    },
    ended(step, ok, now) {
      underWay.delete(step.key);
      const drift = entries.get(step.key);
      if (!ok || step.cause !== 'corrective') return;
      const lost = isLost(step);
      const told: Drift | undefined = drift ?? undefined;
      entries.delete(step.key);
      if (told) tell(step.key, told, lost ? 'lost' : 'repaired', now, step.resource);
      culprits.delete(step.key);
      keep();
    },
    settled() {
      if (boot === bootId) return;
      boot = bootId;
      keep();
    },
    list: () => [...entries.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1)),
    release(pattern) {
      const one = { pattern };
      released.add(one);
      return () => void released.delete(one);
    },
  };
}
