import { BallastError } from '#base/errors.ts';
import { listOf } from './render/text.ts';

/** Who forces says of which machine: nothing is lost by a slip. */
export const forceFlag = {
  force: {
    kind: 'list',
    value: 'NAME',
    summary: 'let this machine go whatever is lost with it: volumes, the registry, room; may be repeated',
    completes: 'machine',
  },
} as const;

/** Whether a machine was named; naming another one is a slip. */
export function isForced(names: readonly string[], machine: string): boolean {
  const others = names.filter((name) => name !== machine);
  if (others.length > 0) {
    throw new BallastError('usage', `--force names ${listOf(others)}, and this is about ${machine}`, {
      fix: `say it of the machine that is meant: --force ${machine}`,
    });
  }
  return names.length > 0;
}
