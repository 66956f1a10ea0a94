import type { Paint } from './paint.ts';
import { padEnd, padStart, tame, widthOf } from './text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Colours a cell; called with the padded text, so that columns stay straight. */
  readonly paint?: (text: string, row: Row) => string;
  readonly right?: boolean;
  /** Shown only by `-o wide`. */
  readonly wide?: boolean;
}

/** Lines of a table: titles in capitals, two blanks between columns, nothing after the last cell. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint,
  wide = false,
): string[] {
  const shown = columns.filter((column) => wide || !column.wide);
  const cells = rows.map((row) => shown.map((column) => tame(column.cell(row)) || '-'));
  const widths = shown.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[index] ?? ''))),
  );
  const pad = (text: string, index: number): string => {
    if (shown[index]?.right) return padStart(text, widths[index] ?? 0);
    return index === shown.length - 1 ? text : padEnd(text, widths[index] ?? 0);
  };
  const head = shown.map((column, index) => pad(column.title, index)).join('  ');
  const body = rows.map((row, line) =>
    shown
      .map((column, index) => {
        const text = pad(cells[line]?.[index] ?? '', index);
        return column.paint ? column.paint(text, row) : text;
      })
      .join('  '),
  );
  return [paint.bold(head.trimEnd()), ...body];
}
