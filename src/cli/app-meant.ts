import type { Client } from '#wire/client.ts';
import { appHere } from './app-files.ts';
import type { Shell } from './shell.ts';

/** The app of `-a`; without it that of the directory, if the fleet has it. */
export async function appMeant(
  flag: string | undefined,
  client: Client,
  shell: Shell,
): Promise<string | undefined> {
  const name = flag ?? (shell.env['BALLAST_APP'] || appHere(shell));
  if (name === undefined || flag !== undefined) return name;
  const { apps } = await client.call('listApps', {}, { signal: shell.signal });
  return apps.some((app) => app.name === name) ? name : undefined;
}
