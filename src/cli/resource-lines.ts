import type { FieldChange, ResourceChange } from '#wire/views.ts';
import { type Canvas, changeHead, showValue } from './plan-canvas.ts';
import { count, listOf, padEnd, tame } from './render/text.ts';

interface Shown {
  readonly changes: readonly ResourceChange[];
  /** Why a new replica goes where it goes, by resource. */
  readonly reasons: ReadonlyMap<string, string>;
  readonly wide: boolean;
}

const valueMax = 60;
/** Kinds that people know by name; of all others they are told how many. */
const known: readonly string[] = ['container', 'volume', 'package', 'user', 'group'];
const actions = ['create', 'update', 'replace', 'delete'] as const;

/** What changes on each machine, and an empty line after each. */
export function resourceLines({ changes, reasons, wide }: Shown, canvas: Canvas): string[] {
  const machines = [...new Set(changes.map(({ machine }) => machine))].sort();
  return machines.flatMap((machine) => {
    const own = changes.filter((change) => change.machine === machine);
    return [
      canvas.paint.bold(tame(machine)),
      ...(wide ? own.flatMap((change) => wholeLines(change, canvas)) : briefLines(own, reasons, canvas)),
      '',
    ];
  });
}

/** Containers and volumes one by one, the rest as numbers of each kind. */
function briefLines(
  changes: readonly ResourceChange[],
  reasons: ReadonlyMap<string, string>,
  canvas: Canvas,
): string[] {
  const named = changes.filter(({ resource }) => known.includes(kindOf(resource)));
  const rest = changes.filter((change) => !named.includes(change));
  return [
    ...named.map((change) => {
      const why = reasons.get(change.resource) ?? (change.action === 'replace' ? change.reason : '');
      const head = changeHead(change.action, tame(nameOf(change.resource)), canvas);
      return why === '' ? head : `${head}  ${canvas.paint.dim(tame(why))}`;
    }),
    ...actions.flatMap((action) => {
      const own = rest.filter((change) => change.action === action);
      return own.length === 0 ? [] : [changeHead(action, countsOf(own), canvas)];
    }),
  ];
}

/** `firewall, 2 files and 1 unit`. */
function countsOf(changes: readonly ResourceChange[]): string {
  const counts = new Map<string, number>();
  for (const { resource } of changes) {
    const kind = kindOf(resource);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return listOf(
    [...counts].map(([kind, number]) =>
      kind === 'firewall'
        ? kind
        : count(number, kind, kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`),
    ),
  );
}

function wholeLines(change: ResourceChange, canvas: Canvas): string[] {
  const { paint, marks } = canvas;
  const why = change.reason === '' ? '' : `  ${paint.dim(tame(change.reason))}`;
  const shown = change.action === 'delete' || change.action === 'create' ? [] : change.fields;
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  return [
    `${changeHead(change.action, tame(nameOf(change.resource)), canvas)}${why}`,
    ...shown.flatMap((field) => {
      if (isLong(field)) return [`        ${field.name}`, ...lineChanges(field, canvas)];
      const pair = `${showValue(field.before)} ${marks.arrow} ${showValue(field.after)}`;
      return [`        ${padEnd(field.name, width)}  ${pair}`];
    }),
  ];
}

const kindOf = (id: string): string => id.slice(0, Math.max(0, id.indexOf(':')));

/** `container:guestbook-web-1-r2` reads as `container guestbook-web-1-r2`. */
function nameOf(id: string): string {
  const colon = id.indexOf(':');
  return colon < 0 ? id : `${id.slice(0, colon)} ${id.slice(colon + 1)}`;
}

const isLong = ({ before, after }: FieldChange): boolean =>
  [before, after].some((value) => value !== null && (value.length > valueMax || value.includes('\n')));

/** Lines that only one of two texts has, in order: enough to see what changed in a file. */
function lineChanges({ before, after }: FieldChange, { paint }: Canvas): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const [had, has] = [new Set(old), new Set(now)];
  return [
    ...old.filter((text) => !has.has(text)).map((text) => paint.red(`          - ${tame(text)}`)),
    ...now.filter((text) => !had.has(text)).map((text) => paint.green(`          + ${tame(text)}`)),
  ];
}

/** None for a text that is not there; an empty line at the end says nothing. */
const linesOf = (text: string | null): string[] =>
  (text ?? '')
    .replace(/\n$/, '')
    .split('\n')
    .filter((line, _, all) => all.length > 1 || line !== '');
