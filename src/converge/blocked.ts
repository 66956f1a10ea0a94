import type { Step } from './step.ts';

/**
 * Steps that cannot run because something they wait for failed, each with the key of the failure behind it.
 * The rest of the list is sound. `steps` are ordered as `diff` gives them.
 */
export function blockedBy(steps: readonly Step[], failed: ReadonlySet<string>): ReadonlyMap<string, string> {
  const blocked = new Map<string, string>();
  for (const { key, waitsFor } of steps) {
    if (failed.has(key)) continue;
    for (const on of waitsFor) {
      const cause = failed.has(on) ? on : blocked.get(on);
      if (cause !== undefined) blocked.set(key, cause);
    }
  }
  return blocked;
}
