import { performance } from 'node:perf_hooks';

/** Median of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** Milliseconds that an action takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** One line of the table. `limit` is what the value must not exceed: an amount, or a ratio to the floor. */
export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'MiB' | '% of a core';
  readonly values: readonly number[];
  readonly floor?: { readonly what: string; readonly values: readonly number[] };
  readonly limit:
    | { readonly kind: 'at most' | 'times the floor' | 'p99'; readonly value: number }
    | { readonly kind: 'none' };
}

export interface Judged {
  readonly what: string;
  readonly measured: string;
  readonly floor: string;
  readonly limit: string;
  readonly verdict: string;
}

export function judge({ what, unit, values, floor, limit }: Row): Judged {
  const value = median(values);
  const ratio = floor ? value / median(floor.values) : undefined;
  const range = `${show(Math.min(...values))}–${show(Math.max(...values))}`;
  return {
    what,
    measured: `${show(value)} ${unit} (${range}, n=${values.length})`,
    floor: floor ? `${show(median(floor.values))} ${unit} ${floor.what}: ${(ratio ?? 0).toFixed(2)}x` : '',
    limit: {
      'at most': `${limitOf(limit)} ${unit}`,
      'times the floor': `${limitOf(limit)}x`,
      p99: `p99 ${limitOf(limit)} ${unit}`,
      none: '',
    }[limit.kind],
    verdict: verdictOf(limit, {
      'at most': value,
      'times the floor': ratio ?? Number.NaN,
      p99: quantile(values, 0.99),
    }),
  };
}

const limitOf = (limit: Row['limit']): number => ('value' in limit ? limit.value : Number.NaN);

function verdictOf(
  limit: Row['limit'],
  reached: Readonly<Record<'at most' | 'times the floor' | 'p99', number>>,
): string {
  if (limit.kind === 'none') return '';
  const value = reached[limit.kind];
  return value <= limit.value ? 'within' : `MISSED: ${show(value)}`;
}

/** The value that a share of the others do not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;

const show = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));
