import type { Paint } from './paint.ts';
import { padEnd } from './text.ts';

/** `name  value` lines with the values under each other; names without a value are left out. */
export function factLines(facts: readonly (readonly [string, string | undefined])[], paint: Paint): string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length)) + 2;
  return known.map(([name, value]) => paint.dim(padEnd(name, width)) + value);
}
