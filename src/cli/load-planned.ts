import type { Client } from '#wire/client.ts';
import type { RegistryAccess } from '#wire/views.ts';
import { type LoadedApp, type LoadFlags, loadAppFiles, sortFiles } from './load-app.ts';
import type { LoadedFleet } from './load-fleet.ts';
import type { Shell } from './shell.ts';

/** What files ask for: a fleet, an app, or an app on the fleet as it will be. */
export interface Planned {
  readonly fleet?: LoadedFleet;
  readonly app?: LoadedApp & { readonly access: Promise<RegistryAccess> };
}

/** Reads and checks all files that were given; meanwhile the server is asked for the way to images. */
export async function loadPlanned(
  given: readonly string[],
  flags: LoadFlags,
  client: Client,
  shell: Shell,
): Promise<Planned> {
  const files = sortFiles(given);
  const access = files.app.length > 0 ? imageAccess(client, shell) : undefined;
  const fleet =
    files.fleet.length > 0
      ? (await import('./load-fleet.ts')).loadFleetFile(files.fleet, flags, shell)
      : undefined;
  return {
    ...(fleet ? { fleet } : {}),
    ...(access ? { app: { ...loadAppFiles(files.app, flags, shell), access } } : {}),
  };
}

/** A failure is met when images are needed, after the file's own problems. */
function imageAccess(client: Client, shell: Shell): Promise<RegistryAccess> {
  const access = client.call('registryAccess', {}, { signal: shell.signal });
  access.catch(() => {});
  return access;
}
