import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from './storage.ts';

/**
 * Environment under which short names mean in builds what they mean in Compose: `FROM postgres:17` is Docker Hub's.
 * Debian leaves that open; what the user has set is kept. Only buildah reads it.
 */
export async function registriesEnv(cache: string = cacheDir()): Promise<Record<string, string>> {
  if (chosen()) return {};
  const own = await text(join(homedir(), '.config/containers/registries.conf'));
  const present = own ?? (await text('/etc/containers/registries.conf')) ?? '';
  if (/^\s*(?:unqualified-search-registries\b|\[registries)/m.test(present)) return {};
  const path = join(cache, 'registries.conf');
  await mkdir(cache, { recursive: true });
  const wanted = `unqualified-search-registries = ["docker.io"]\n${present}`;
  if ((await text(path)) !== wanted) await writeFile(path, wanted);
  return { CONTAINERS_REGISTRIES_CONF: path };
}

/** skopeo does not look into the environment for the user's choice, so it is told. Names given to it are full. */
export function skopeoArgv(args: readonly string[]): string[] {
  const path = chosen();
  return ['skopeo', ...(path === undefined ? [] : [`--registries-conf=${path}`]), ...args];
}

const chosen = (): string | undefined => process.env['CONTAINERS_REGISTRIES_CONF'] || undefined;

async function text(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
