import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContainerResource, Manifest, Resource } from '#compile/manifest.ts';
import { blockedBy } from './blocked.ts';
import { compareManifests, ledgerAs, observedAs } from './compare.ts';
import { diff } from './diff.ts';
import type { Observation } from './fields.ts';
import { placeOf, wantedOf } from './kinds.ts';
import { beginSteps, endStep, type Ledger } from './ledger.ts';
import { leaves, type Step } from './step.ts';

const base = (id: string, after: readonly string[] = []) => ({ id, after, origin: 'test' });

const file = (name: string, content: string, after: readonly string[] = []): Resource => ({
  ...base(`file:${name}`, after),
  kind: 'file',
  path: `/etc/${name}`,
  content,
  mode: 0o644,
  owner: 'root',
  group: 'root',
});

const container = (name: string, more: Partial<ContainerResource> = {}): ContainerResource => ({
  ...base(`container:${name}`),
  kind: 'container',
  name,
  app: 'a',
  service: 's',
  quadlet: `[Container]\nContainerName=${name}\n`,
  address: '10.91.1.10',
  health: { kind: 'none', settleMs: 1_000 },
  stopGraceMs: 1_000,
  job: false,
  ...more,
});

const volume = (name: string): Resource => ({
  ...base(`volume:${name}`),
  kind: 'volume',
  name,
  driver: 'local',
  options: {},
  labels: {},
});

const image = (name: string): Resource => ({ ...base(`image:${name}`), kind: 'image', reference: name });

const manifest = (...resources: readonly Resource[]): Manifest => ({
  machine: 'm',
  generation: 1,
  resources,
});

/** Manifests of up to ten resources in which each comes after some of those before it. */
const manifests = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom('file', 'volume', 'image', 'container'), fc.integer({ min: 0, max: 5 })),
    {
      selector: ([kind, number]) => `${kind}${number}`,
      maxLength: 10,
    },
  )
  .chain((names) =>
    fc
      .array(fc.tuple(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), fc.nat({ max: 2 })), {
        minLength: names.length,
        maxLength: names.length,
      })
      .map((details) => {
        const ids: string[] = [];
        return manifest(
          ...names.map(([kind, number], index) => {
            const [links, version] = details[index] ?? [[], 0];
            const after = links.flatMap((link) => (ids[link] === undefined ? [] : [ids[link]]));
            const made = make(kind, number, version, after);
            ids.push(made.id);
            return made;
          }),
        );
      }),
  );

function make(kind: string, number: number, version: number, after: readonly string[]): Resource {
  if (kind === 'file') return file(`f${number}`, `v${version}`, after);
  if (kind === 'volume') return { ...volume(`v${number}`), after };
  if (kind === 'image') return { ...image(`i${number}`), after };
  return container(`c${number}`, {
    quadlet: `v${version}\nVolume=v${number}:/x`,
    address: `10.0.0.${version}`,
    after,
  });
}

/** Does to a machine in memory what steps say. */
function carryOut(steps: readonly Step[], observed: Observation, before: Ledger) {
  const machine = new Map(observed);
  let ledger = beginSteps(before, steps);
  for (const step of steps) {
    if (leaves(step)) machine.delete(step.resource.id);
    else machine.set(step.resource.id, { fields: wantedOf(step.resource) });
    ledger = endStep(ledger, step);
  }
  return { machine, ledger };
}

const both = fc.tuple(manifests, manifests);

describe('diff', () => {
  test('has nothing to do once its steps are done', () => {
    fc.assert(
      fc.property(both, ([from, to]) => {
        const { machine, ledger } = carryOut(compareManifests(from, to), observedAs(from), ledgerAs(from));
        // An image or file that left is absent, one that was forgotten is not looked at any more.
        expect(diff(to, machine, ledger)).toEqual([]);
        expect(Object.keys(ledger).sort()).toEqual(to.resources.map(placeOf).sort());
      }),
    );
  });

  test('gives the same steps whatever the order of its input', () => {
    fc.assert(
      fc.property(both, fc.integer(), ([from, to], turn) => {
        const rotate = <T>(items: readonly T[]): T[] => {
          const at = items.length === 0 ? 0 : Math.abs(turn % items.length);
          return [...items.slice(at), ...items.slice(0, at)].reverse();
        };
        const turned = compareManifests(
          { ...from, resources: rotate(from.resources) },
          { ...to, resources: rotate(to.resources) },
        );
        expect(turned).toEqual(compareManifests(from, to));
      }),
    );
  });

  test('never deletes a volume', () => {
    fc.assert(
      fc.property(both, ([from, to]) => {
        const deleted = compareManifests(from, to).filter(({ action }) => action === 'delete');
        expect(deleted.filter(({ resource }) => resource.kind === 'volume')).toEqual([]);
      }),
    );
  });

  test('puts each step after all it waits for, and dependencies first', () => {
    fc.assert(
      fc.property(both, ([from, to]) => {
        const steps = compareManifests(from, to);
        const at = new Map(steps.map(({ key }, index) => [key, index]));
        for (const [index, { key, waitsFor }] of steps.entries()) {
          for (const on of waitsFor) expect(at.get(on)).toBeLessThan(index);
          const resource = to.resources.find(({ id }) => id === key);
          for (const on of resource?.after ?? []) if (at.has(on)) expect(waitsFor).toContain(on);
        }
      }),
    );
  });

  test('holds back what waits for a failed step and nothing else', () => {
    fc.assert(
      fc.property(both, fc.nat(), ([from, to], pick) => {
        const steps = compareManifests(from, to);
        const failed = steps[pick % Math.max(1, steps.length)]?.key ?? 'none';
        const blocked = blockedBy(steps, new Set([failed]));
        for (const { key, waitsFor } of steps.filter((step) => step.key !== failed)) {
          expect(blocked.has(key)).toBe(waitsFor.some((on) => on === failed || blocked.has(on)));
        }
      }),
    );
  });

  test('a change of the machine under an unchanged manifest is corrective, any other is intentional', () => {
    const wanted = manifest(file('a', 'one'));
    const other = new Map([['file:a', { fields: { ...wantedOf(file('a', 'two')) } }]]);
    expect(diff(wanted, other, ledgerAs(wanted))[0]).toMatchObject({ cause: 'corrective', action: 'update' });
    expect(diff(wanted, other, {})[0]).toMatchObject({ cause: 'intentional', action: 'update' });
    expect(diff(wanted, new Map(), ledgerAs(wanted))[0]).toMatchObject({
      cause: 'corrective',
      action: 'create',
    });
  });

  test.each([
    ['address', {}, {}],
    [
      'port',
      { address: '1', quadlet: 'PublishPort=0.0.0.0:80:8080' },
      { address: '2', quadlet: 'PublishPort=80:9/tcp' },
    ],
    ['volume', { address: '1', quadlet: 'Volume=data:/a:Z' }, { address: '2', quadlet: 'Volume=data:/b' }],
  ])('an old container leaves before a new one that takes its %s', (_, old, fresh) => {
    const steps = compareManifests(manifest(container('old', old)), manifest(container('new', fresh)));
    expect(steps.map(({ key }) => key)).toEqual(['-container old', 'container:new']);
  });

  test('otherwise the new container comes first, and neither waits for the other', () => {
    const steps = compareManifests(
      manifest(container('old', { quadlet: 'Volume=data:/a:ro' })),
      manifest(container('new', { quadlet: 'Volume=data:/a', address: '10.91.1.11' })),
    );
    expect(steps.map(({ key, waitsFor }) => [key, waitsFor])).toEqual([
      ['container:new', []],
      ['-container old', []],
    ]);
  });

  test('what is no longer used leaves after its last user has left or changed', () => {
    const uses = (name: string) => container('c', { after: [`image:${name}`], quadlet: name });
    const changed = compareManifests(manifest(image('a'), uses('a')), manifest(image('b'), uses('b')));
    expect(changed.map(({ key }) => key)).toEqual(['image:b', 'container:c', '-image a']);
    const gone = compareManifests(manifest(image('a'), uses('a')), manifest());
    expect(gone.map(({ key }) => key)).toEqual(['-container c', '-image a']);
  });

  test('what leaves knows how it was before Ballast, so that it can be given back', () => {
    const wanted = manifest({ ...base('package:htop'), kind: 'package', name: 'htop' });
    const { ledger } = carryOut([], new Map(), {});
    const held = { ...ledgerAs(wanted) };
    const adopted = Object.fromEntries(
      Object.entries(held).map(([place, entry]) => [place, { ...entry, before: { installed: true } }]),
    );
    expect(diff(manifest(), new Map(), held)).toMatchObject([{ action: 'delete', before: null }]);
    expect(diff(manifest(), new Map(), adopted)).toMatchObject([
      { action: 'delete', before: { installed: true } },
    ]);
    expect(ledger).toEqual({});
  });

  test('a resource that moves is made at its new place and deleted at the old one', () => {
    const moved = { ...file('a', 'one'), path: '/etc/b' } as Resource;
    // Its file is not at the new path yet, so the machine answers that it is absent.
    const steps = diff(manifest(moved), new Map(), ledgerAs(manifest(file('a', 'one'))));
    expect(steps.map(({ key }) => key)).toEqual(['file:a', '-file /etc/a']);
  });

  test('a stray container in the directory that is wholly ours goes', () => {
    const observed = new Map([['container:x', { fields: {}, stray: container('x') }]]);
    expect(diff(manifest(), observed, {})[0]).toMatchObject({ key: '-container x', action: 'delete' });
  });
});

describe('an image that Ballast pulled', () => {
  const held = (name: string, before: { present: boolean } | null) => {
    const resource = image(name);
    return { [placeOf(resource)]: { resource, claims: [], before, applied: 'x' } };
  };
  const steps = (
    keepImages: readonly string[] | undefined,
    name: string,
    before: { present: boolean } | null = null,
  ) =>
    diff({ ...manifest(), ...(keepImages ? { keepImages } : {}) }, new Map(), held(name, before)).map(
      ({ action }) => action,
    );

  test('goes when no release needs it', () => {
    expect(steps(['sha256:b'], 'web@sha256:a')).toEqual(['delete']);
  });

  test('stays, and stays known, while one may, whatever it is called there', () => {
    expect(steps(['sha256:a'], 'web@sha256:a')).toEqual([]);
    expect(steps(['sha256:a'], 'old-name:1@sha256:a')).toEqual([]);
  });

  test('stays when it was there before, and when the machine leaves the fleet', () => {
    expect(steps(['sha256:b'], 'web@sha256:a', { present: true })).toEqual(['forget']);
    expect(steps(undefined, 'web@sha256:a')).toEqual(['forget']);
  });
});
