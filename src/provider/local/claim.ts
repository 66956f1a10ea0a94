import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import type { LocalFleet } from './fleet.ts';
import { runDirOf } from './names.ts';

/**
 * Makes a fleet's name on this computer the one of its files. Namespace, cgroups and sockets are called by the name
 * alone: of two that share it, one would take the other's machines for its own, and its end would be the end of both.
 */
export function claim(fleet: LocalFleet): void {
  refuseOthers(fleet);
  const { fleet: name, stateDir } = fleet.options;
  mkdirSync(stateDir, { recursive: true });
  mkdirSync(runDirOf(name), { recursive: true, mode: 0o700 });
  writeFileSync(claimOf(name), stateDir, { mode: 0o600 });
}

/** Throws when the fleet's name is that of other files that are still there. */
export function refuseOthers({ options: { fleet, stateDir } }: LocalFleet): void {
  const owner = ownerOf(fleet);
  if (owner === undefined || owner === stateDir || !existsSync(owner)) return;
  throw new BallastError('conflict', `another fleet on this computer is called ${fleet}`, {
    why: `its local machines are kept in ${owner}`,
    fix: 'give this one another name, or take the other one down first',
  });
}

function ownerOf(fleet: string): string | undefined {
  try {
    return readFileSync(claimOf(fleet), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const claimOf = (fleet: string): string => join(runDirOf(fleet), 'owner');
