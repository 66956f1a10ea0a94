import { BallastError } from '#base/errors.ts';
import { parseFleet } from '#spec/fleet/parse.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import { nearName } from './failure.ts';
import { checked, definedOf, read } from './load-app.ts';
import type { Shell } from './shell.ts';

export interface LoadedFleet {
  readonly fleet: FleetModel;
  readonly origins: Origins;
  readonly shown: readonly string[];
}

/** Reads and checks a fleet file. Throws with all problems at once. */
export function loadFleetFile(
  files: readonly string[],
  flags: { readonly quiet: boolean },
  shell: Shell,
): LoadedFleet {
  const [file = ''] = files;
  if (files.length > 1) {
    throw new BallastError('usage', 'a fleet file stands alone', {
      fix: `give one file: -f ${nearName(file, shell)}`,
    });
  }
  const input = { file, text: read(file) ?? '', env: definedOf(shell.env), read };
  const { fleet, origins } = checked(parseFleet(input), files, flags, shell);
  return { fleet, origins, shown: [nearName(file, shell)] };
}
