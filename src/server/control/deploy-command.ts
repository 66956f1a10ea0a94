import type { Origins } from '#spec/model.ts';

/** The command that applies the file which these are the places of. */
export function deployCommand(origins: Origins): string {
  const [first] = Object.values(origins);
  return `ballast deploy -f ${first?.file ?? 'fleet.yaml'}`;
}
