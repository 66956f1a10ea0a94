import { line, type Shell } from '#cli/shell.ts';
import { type Column, tableLines } from './table.ts';

/** Version of what `-o json` and `-o yaml` print: a minor step only adds, a major one may change. */
export const formatVersion = '1.0';

export interface OutputFlags {
  readonly output: 'table' | 'wide' | 'json' | 'yaml' | 'name' | undefined;
  readonly json: boolean;
}

export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly name: (row: Row) => string;
  /** What `json` and `yaml` print, beside the format's version. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Said on standard error when there are no rows. */
  readonly empty: string;
}

/** Prints rows in the form that was asked for. Data on stdout; that there is none is said on stderr. */
export async function printListing<Row>(
  listing: Listing<Row>,
  flags: OutputFlags,
  shell: Shell,
): Promise<void> {
  const form = formOf(flags);
  if (form === 'json' || form === 'yaml') {
    await printData(listing.data, form, shell);
  } else if (form === 'name') {
    for (const row of listing.rows) line(shell.out, listing.name(row));
  } else if (listing.rows.length === 0) {
    line(shell.err, listing.empty);
  } else {
    const lines = tableLines(listing.rows, listing.columns, shell.out.paint, form === 'wide');
    for (const text of lines) line(shell.out, text);
  }
}

/** Prints one value for machines. */
export async function printData(
  data: Readonly<Record<string, unknown>>,
  form: 'json' | 'yaml',
  shell: Shell,
): Promise<void> {
  const value = { format_version: formatVersion, ...data };
  if (form === 'json') {
    line(shell.out, JSON.stringify(value, null, 2));
    return;
  }
  const { stringify } = await import('yaml');
  shell.out.write(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
}

export function formOf(flags: OutputFlags): NonNullable<OutputFlags['output']> {
  return flags.output ?? (flags.json ? 'json' : 'table');
}

/** Whether people read the output, so that notes on stderr help rather than disturb. */
export function isForPeople(flags: OutputFlags): boolean {
  const form = formOf(flags);
  return form === 'table' || form === 'wide';
}
