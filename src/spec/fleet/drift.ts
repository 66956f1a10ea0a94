import { fitsGlob } from '#base/glob.ts';
import { suggest } from '#base/suggest.ts';
import type { DriftException, DriftModel } from '#spec/drift-model.ts';
import type { Problems } from '#spec/problems.ts';
import type { Shape } from '#spec/table/shape.ts';
import { choice, honoured, list, matching, object } from '#spec/table/shape.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, textOf } from '#spec/yaml/tree.ts';

const pattern = (is: string) => matching(/^\S+$/, is);

const exception = object({
  resource: honoured(
    pattern('an id such as file:/etc/motd, in which * stands for any text'),
    'which resources, by id, as `ballast explain` shows them; `*` stands for any text',
    { required: true, example: 'file:/etc/motd' },
  ),
  machines: honoured(pattern('a name of a machine, in which * stands for any text'), 'on which machines', {
    example: 'app-*',
    byDefault: 'all',
  }),
  until: honoured(
    matching(/^\S+$/, 'a date such as 2026-12-01'),
    'the last day it is allowed, or the moment it ends',
    { required: true, example: '2026-12-01' },
  ),
});

/** Every key of `drift`. */
export const driftShape: Shape = object({
  repair: honoured(
    choice('always', 'report'),
    '`always`: what differs is put right at once; `report`: it is shown, and `ballast repair` puts it right',
    { example: 'report', byDefault: 'always' },
  ),
  allow: honoured(list(exception), 'differences that may stand for a while', {
    example: '[{ resource: "file:/etc/motd", until: 2026-12-01 }]',
    byDefault: 'none',
  }),
});

const dayMs = 86_400_000;

/** Reads `drift` of a checked fleet file. Absent: all is repaired. */
export function driftOf(tree: Tree, machines: readonly string[], problems: Problems): DriftModel | undefined {
  const section = get(tree, 'drift');
  if (section?.kind !== 'mapping') return undefined;
  return {
    repair: textOf(get(section, 'repair')) === 'report' ? 'report' : 'always',
    allow: itemsOf(get(section, 'allow')).map((item) => exceptionOf(item, machines, problems)),
  };
}

function exceptionOf(item: Tree, names: readonly string[], problems: Problems): DriftException {
  const resource = textOf(get(item, 'resource')) ?? '';
  const machines = textOf(get(item, 'machines'));
  checkResource(resource, get(item, 'resource'), problems);
  if (machines !== undefined && !names.some((name) => fitsGlob(name, machines))) {
    const near = suggest(machines, names);
    problems.warn('unknown-machine', {
      what: `drift.allow: no machine of this file matches ${machines}`,
      fix: near === undefined ? 'write a name, with * for any text' : `did you mean ${near}?`,
      at: get(item, 'machines')?.at,
    });
  }
  const written = textOf(get(item, 'until')) ?? '';
  const until = parseUntil(written);
  if (until === undefined && written !== '') {
    problems.add('bad-value', {
      what: `drift.allow: ${written} is no date`,
      fix: 'write a day, 2026-12-01, or a moment, 2026-12-01T18:00:00Z',
      at: get(item, 'until')?.at,
    });
  }
  return { resource, ...(machines === undefined ? {} : { machines }), until: until ?? 0 };
}

/** Kinds of resources that a machine can hold. */
const kinds = [
  ...['directory', 'file', 'package', 'group', 'user', 'module', 'sysctl', 'timezone', 'swap', 'trust'],
  ...['image', 'volume', 'firewall', 'network', 'mesh', 'unit', 'container'],
];

function checkResource(resource: string, at: Tree | undefined, problems: Problems): void {
  const [kind = ''] = resource.split(':');
  if (resource === '' || kinds.some((known) => fitsGlob(known, kind))) return;
  const near = suggest(kind, kinds);
  problems.warn('bad-value', {
    what: `drift.allow: no resource matches ${resource}`,
    why: `an id begins with its kind: ${kinds.join(', ')}`,
    fix:
      near === undefined
        ? 'see `ballast explain machine/NAME` for the ids there are'
        : `did you mean ${near}:${resource.slice(kind.length + 1)}?`,
    at: at?.at,
  });
}

/** The end of a day, or a moment; ms since the epoch. Days are those of UTC. Undefined: it is neither. */
export function parseUntil(text: string): number | undefined {
  const read = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d))?(Z|z|[+-]\d\d:\d\d))?$/.exec(text);
  if (read === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = read
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const midnight = Date.UTC(year, month - 1, day);
  // A day that does not exist turns into another.
  const back = new Date(midnight);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = read[7];
  if (zone === undefined) return midnight + dayMs;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000 - offsetMs(zone);
}

function offsetMs(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
