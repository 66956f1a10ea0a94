import { type Judged, judge, type Row } from './measure.ts';

const titles: Judged = {
  ...{ what: 'what', measured: 'Ballast', floor: 'floor or peer', limit: 'promised', verdict: 'held' },
};

/** The rows as lines of a Markdown table, for people: a part of a figure stands below it. */
export function tableOf(rows: readonly Row[]): readonly string[] {
  const lines = rows.flatMap(judge);
  const columns = Object.keys(titles) as (keyof Judged)[];
  const widthOf = (column: keyof Judged): number =>
    Math.max(...[titles, ...lines].map((line) => line[column].length));
  const show = (cell: (column: keyof Judged) => string): string =>
    `| ${columns.map((column) => cell(column).padEnd(widthOf(column))).join(' | ')} |`;
  return [
    show((column) => titles[column]),
    show((column) => '-'.repeat(widthOf(column))),
    ...lines.map((line) => show((column) => line[column])),
  ];
}
