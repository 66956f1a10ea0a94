import { join } from 'node:path';
import type { BallastError } from '#base/errors.ts';
import type { Store } from '#store/port.ts';
import { openSqliteStore } from '#store/sqlite.ts';
import { createChanges } from './changes.ts';
import { createIntake, type Intake } from './event-intake.ts';
import { type Leadership, lead } from './leader.ts';
import type { Log } from './log.ts';
import type { Authority } from './pki/authority.ts';
import { authorityFrom } from './pki/authority-file.ts';
import { privateFolder } from './private-file.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import { FleetState } from './state.ts';
import { vaultFrom } from './vault.ts';

/** What lasts: everything that is on the disk, opened. */
export interface Foundation {
  readonly store: Store;
  readonly storePath: string;
  readonly state: FleetState;
  readonly secrets: Secrets;
  readonly authority: Authority;
  readonly leadership: Leadership;
  readonly intake: Intake;
  readonly log: Log;
  readonly now: () => number;
}

export interface FoundationOptions {
  readonly now: () => number;
  readonly log: Log;
  readonly name: string;
  readonly masterKeyFile: string;
  readonly onLost: (why: BallastError) => void;
  readonly signal: AbortSignal;
}

/** Opens the data directory, making what is not there. A crash in between is made good by the next start. */
export async function layFoundation(dataDir: string, options: FoundationOptions): Promise<Foundation> {
  const { now, log } = options;
  await privateFolder(dataDir);
  const storePath = join(dataDir, 'ballast.db');
  // First the store: it is held by one process, so that no two make keys at once.
  const store = openSqliteStore({ path: storePath, now });
  try {
    const authority = await authorityFrom(join(dataDir, 'ca.pem'), options.name, now);
    const vault = await vaultFrom(options.masterKeyFile);
    const { onLost, signal } = options;
    const leadership = await lead(store, { holder: options.name, log, onLost, signal });
    const state = await FleetState.load(store, createChanges(now), now);
    const intake = createIntake(state, log);
    return {
      store,
      storePath,
      state,
      secrets: createSecrets(state, vault),
      authority,
      leadership,
      intake,
      log,
      now,
    };
  } catch (cause) {
    await store.close();
    throw cause;
  }
}
