import type { Key, Keys, Shape } from './shape.ts';
import { brief } from './words.ts';

/** One table of a reference page: the dotted place of the keys and the keys themselves. */
interface Section {
  readonly place: string;
  readonly keys: Keys;
}

/** Every key of a table, and of the tables below it, as Markdown: one section for each place that has keys. */
export function referenceOf(keys: Keys, top: string): string {
  return sections(keys, top, '')
    .map(({ place, keys: own }) => `## ${place}\n\n${table(own)}`)
    .join('\n\n');
}

/** How many keys of a table are honoured and how many are refused. */
export function countOf(keys: Keys): { readonly honoured: number; readonly refused: number } {
  const all = Object.values(keys);
  const refused = all.filter((key) => key.status === 'refused').length;
  return { honoured: all.length - refused, refused };
}

function sections(keys: Keys, place: string, path: string): readonly Section[] {
  const below = Object.entries(keys).flatMap(([name, key]) => {
    const inner =
      key.status === 'honoured' ? innerOf(key.shape, path === '' ? name : `${path}.${name}`) : undefined;
    return inner === undefined ? [] : sections(inner.keys, `\`${inner.place}\``, inner.place);
  });
  return [{ place, keys }, ...below];
}

/** The keys below a value, and where they stand: `services.NAME` for a mapping by name, `ports[]` for a list. */
function innerOf(shape: Shape, path: string): Section | undefined {
  switch (shape.kind) {
    case 'object':
      return { place: path, keys: shape.keys };
    case 'map':
      return innerOf(shape.of, `${path}.NAME`);
    case 'list':
      return innerOf(shape.of, `${path}[]`);
    case 'either':
      return shape.of.map((one) => innerOf(one, path)).find((found) => found !== undefined);
    default:
      return undefined;
  }
}

function table(keys: Keys): string {
  const rows = Object.entries(keys)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, key]) => `| \`${name}\` | ${row(key).map(cell).join(' | ')} |`);
  return [
    '| key | | value | meaning, or reason and what to use instead |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function row(key: Key): readonly [status: string, value: string, text: string] {
  if (key.status === 'refused')
    return ['refused', '', `${sentence(key.why)} Instead: ${sentence(key.instead)}`];
  const notes = [
    key.required ? 'Required.' : '',
    key.byDefault === undefined ? '' : `Default: ${key.byDefault}.`,
    key.example === undefined ? '' : `Example: \`${key.example}\`.`,
    refusedValues(key.shape),
  ];
  return [
    'honoured',
    brief(key.shape),
    [sentence(key.means), ...notes].filter((note) => note !== '').join(' '),
  ];
}

function refusedValues(shape: Shape): string {
  if (shape.kind !== 'choice' || shape.refused === undefined) return '';
  const byReason = new Map<string, string[]>();
  for (const [value, { why, instead }] of Object.entries(shape.refused)) {
    const reason = `${why}; instead: ${instead}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), `\`${value}\``]);
  }
  return [...byReason].map(([reason, values]) => `Refused: ${values.join(', ')} (${reason}).`).join(' ');
}

const sentence = (text: string): string => {
  // A sentence that begins with a value, as `none: no network`, keeps it as it is written.
  const first = /^[a-z-]+: |^[a-z]+-/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
