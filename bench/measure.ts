import { performance } from 'node:perf_hooks';

/** Median of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** The value that a share of the others do not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;

/** Milliseconds that an action takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** What must not exceed `value`: the median, its ratio to the floor, or the 99th percentile. */
export interface Limit {
  readonly kind: 'at most' | 'times the floor' | 'p99';
  readonly value: number;
}

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'MiB' | '% of a core' | 'requests/s' | 'MiB/s';
  readonly values: readonly number[];
  readonly floor?: { readonly what: string; readonly values: readonly number[] };
  readonly limits: readonly Limit[];
  /** What the figure is made of, or consists of by kind; in the same unit. */
  readonly parts?: readonly { readonly what: string; readonly values: readonly number[] }[];
}

/** Cells of one line, for people. */
export interface Judged {
  readonly what: string;
  readonly measured: string;
  readonly floor: string;
  readonly limit: string;
  readonly verdict: string;
}

/** A row and its parts as lines of the table. */
export function judge({ what, unit, values, floor, limits, parts = [] }: Row): readonly Judged[] {
  const ratio = floor ? median(values) / median(floor.values) : Number.NaN;
  const reached = { 'at most': median(values), 'times the floor': ratio, p99: quantile(values, 0.99) };
  return [
    {
      what,
      measured: spread(values, unit),
      floor: floor ? `${show(median(floor.values))} ${unit} ${floor.what}: ${ratio.toFixed(2)}x` : '',
      limit: limits.map((limit) => showLimit(limit, unit)).join(', '),
      verdict: limits
        .map(({ kind, value }) => (reached[kind] <= value ? 'within' : `MISSED: ${show(reached[kind])}`))
        .join(', '),
    },
    ...parts.map((part) => ({
      ...{ what: `- ${part.what}`, measured: spread(part.values, unit), floor: '', limit: '', verdict: '' },
    })),
  ];
}

/** Enough values for the slowest of a hundred to mean something. */
const manyMin = 50;

function spread(values: readonly number[], unit: string): string {
  if (values.length === 1) return `${show(median(values))} ${unit} (n=1)`;
  const range = `${show(Math.min(...values))}–${show(Math.max(...values))}`;
  const late = values.length < manyMin ? '' : `, p99 ${show(quantile(values, 0.99))}`;
  return `${show(median(values))} ${unit} (${range}${late}, n=${values.length})`;
}

const showLimit = ({ kind, value }: Limit, unit: string): string =>
  ({ 'at most': `${value} ${unit}`, 'times the floor': `${value}x`, p99: `p99 ${value} ${unit}` })[kind];

const show = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));
