import type { PlanPreview, ResourceChange } from '#wire/views.ts';
import type { Marks } from './render/marks.ts';
import type { Paint } from './render/paint.ts';
import { count, padEnd, tame } from './render/text.ts';

const symbols = {
  create: '+',
  update: '~',
  replace: '-/+',
  delete: '-',
} as const satisfies Record<ResourceChange['action'], string>;

const valueMax = 60;
const changedLinesMax = 12;

/** A preview as people read it: per machine what is made, changed, replaced and removed, then where replicas go and why. */
export function planLines(
  preview: PlanPreview,
  canvas: { readonly paint: Paint; readonly marks: Marks },
): string[] {
  const { paint, marks } = canvas;
  const machines = [...new Set(preview.changes.map(({ machine }) => machine))].sort();
  const width = Math.max(0, ...preview.placements.map(({ replica }) => replica.length));
  return [
    ...machines.flatMap((machine) => [
      paint.bold(machine),
      ...preview.changes
        .filter((change) => change.machine === machine)
        .flatMap((change) => changeLines(change, canvas)),
      '',
    ]),
    ...(preview.placements.length === 0 ? [] : [paint.bold('Where replicas go')]),
    ...preview.placements.map(
      ({ replica, machine, reason }) =>
        `  ${padEnd(tame(replica), width)}  ${marks.arrow} ${tame(machine)}  ${paint.dim(tame(reason))}`,
    ),
    ...(preview.placements.length === 0 ? [] : ['']),
    summaryLine(preview, paint),
  ];
}

/** `Plan: 3 to add, 2 to change, 1 to replace, 1 to remove.` */
export function summaryLine({ summary, app }: PlanPreview, paint: Paint): string {
  if (!hasChanges(summary)) return `${paint.bold('Plan:')} nothing to do: ${app} already runs like this.`;
  const parts = [
    `${summary.add} to add`,
    `${summary.change} to change`,
    `${summary.replace} to replace`,
    `${summary.remove} to remove`,
  ];
  return `${paint.bold('Plan:')} ${parts.join(', ')}.`;
}

export function hasChanges(summary: PlanPreview['summary']): boolean {
  return summary.add + summary.change + summary.replace + summary.remove > 0;
}

function changeLines(
  change: ResourceChange,
  { paint, marks }: { readonly paint: Paint; readonly marks: Marks },
): string[] {
  const colour = colourOf(change.action, paint);
  const why = change.reason === '' ? '' : `  ${paint.dim(tame(change.reason))}`;
  const head = `${colour(padEnd(symbols[change.action], 3))} ${colour(tame(resourceName(change.resource)))}${why}`;
  const shown = change.action === 'delete' || change.action === 'create' ? [] : change.fields;
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  return [
    `  ${head}`,
    ...shown.flatMap(({ name, before, after }) => {
      if (!isLong(before) && !isLong(after)) {
        const pair = `${shortValue(before)} ${marks.arrow} ${shortValue(after)}`;
        return [`        ${padEnd(name, width)}  ${pair}`];
      }
      return [`        ${name}`, ...lineChanges(before ?? '', after ?? '', paint)];
    }),
  ];
}

/** `container:guestbook-web-1-r2` reads as `container guestbook-web-1-r2`. */
function resourceName(id: string): string {
  const colon = id.indexOf(':');
  return colon < 0 ? id : `${id.slice(0, colon)} ${id.slice(colon + 1)}`;
}

function colourOf(action: ResourceChange['action'], paint: Paint): (text: string) => string {
  switch (action) {
    case 'create':
      return paint.green;
    case 'delete':
      return paint.red;
    default:
      return paint.yellow;
  }
}

const isLong = (value: string | null): boolean =>
  value !== null && (value.length > valueMax || value.includes('\n'));

const shortValue = (value: string | null): string =>
  value === null ? 'absent' : tame(value === '' ? '""' : value);

/** Lines that only one of two texts has, in order: enough to see what changed in a file. */
function lineChanges(before: string, after: string, paint: Paint): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const [had, has] = [new Set(old), new Set(now)];
  const changed = [
    ...old.filter((text) => !has.has(text)).map((text) => paint.red(`          - ${tame(text)}`)),
    ...now.filter((text) => !had.has(text)).map((text) => paint.green(`          + ${tame(text)}`)),
  ];
  const more = changed.length - changedLinesMax;
  return more <= 0
    ? changed
    : [...changed.slice(0, changedLinesMax), paint.dim(`          and ${count(more, 'more line')}`)];
}

/** A long value may come cut; the line at which it was cut says nothing. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.length > 1 && text.endsWith('…') ? lines.slice(0, -1) : lines;
}
