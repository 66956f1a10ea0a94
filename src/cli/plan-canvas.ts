import type { FieldChange, ResourceChange } from '#wire/views.ts';
import type { Marks } from './render/marks.ts';
import type { Paint } from './render/paint.ts';
import { padEnd, tame } from './render/text.ts';

export interface Canvas {
  readonly paint: Paint;
  readonly marks: Marks;
}

const symbols = {
  create: '+',
  update: '~',
  replace: '-/+',
  delete: '-',
} as const satisfies Record<ResourceChange['action'], string>;

/** Values longer than this are not shown on one line. */
const valueMax = 40;
/** Fields shown in brief; the others are counted. */
const fieldsMax = 8;

/** `  ~   web`, in the colour of what happens to it. */
export function changeHead(action: ResourceChange['action'], name: string, canvas: Canvas): string {
  const colour = colourOf(action, canvas.paint);
  return `  ${colour(padEnd(symbols[action], 3))} ${colour(name)}`;
}

/** The sign alone, in its colour. */
export const changeMark = (action: ResourceChange['action'], { paint }: Canvas): string =>
  colourOf(action, paint)(symbols[action]);

/** A line for each field, with both values where they are short; names alone are gathered on one line. */
export function fieldLines(fields: readonly FieldChange[], { paint, marks }: Canvas): string[] {
  const shown = fields.slice(0, fieldsMax);
  const brief = shown.filter(({ before, after }) => isShort(before) && isShort(after));
  const long = shown.filter((field) => !brief.includes(field)).map(({ name }) => tame(name));
  const rest = fields.length - shown.length;
  const width = Math.max(0, ...brief.map(({ name }) => name.length));
  const others = [...long, ...(rest > 0 ? [`${rest} more`] : [])];
  return [
    ...(others.length > 0 ? [`        ${others.join(', ')} ${paint.dim('changed')}`] : []),
    ...brief.map(
      ({ name, before, after }) =>
        `        ${padEnd(tame(name), width)}  ${showValue(before)} ${marks.arrow} ${showValue(after)}`,
    ),
  ];
}

export const showValue = (value: string | null): string =>
  value === null ? 'absent' : tame(value === '' ? '""' : value);

function isShort(value: string | null): boolean {
  return value === null || (value.length <= valueMax && !value.includes('\n'));
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
