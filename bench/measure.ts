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
  readonly limit: { readonly kind: 'at most' | 'times the floor'; readonly value: number };
}

export interface Judged {
  readonly what: string;
  readonly measured: string;
  readonly floor: string;
  readonly limit: string;
  readonly verdict: string;
}

export function judge(row: Row): Judged {
  const value = median(row.values);
  const base = row.floor ? median(row.floor.values) : Number.NaN;
  const compared = row.limit.kind === 'at most' ? value : value / base;
  const range = `${show(Math.min(...row.values))}–${show(Math.max(...row.values))}`;
  return {
    what: row.what,
    measured: `${show(value)} ${row.unit} (${range}, n=${row.values.length})`,
    floor: row.floor ? `${show(base)} ${row.unit} ${row.floor.what}` : '',
    limit: row.limit.kind === 'at most' ? `${row.limit.value} ${row.unit}` : `${row.limit.value}x`,
    verdict:
      `${compared <= row.limit.value ? 'within' : 'MISSED'}` +
      (row.limit.kind === 'at most' ? '' : ` at ${compared.toFixed(2)}x`),
  };
}

const show = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));
