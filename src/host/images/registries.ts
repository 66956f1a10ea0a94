import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from './storage.ts';

/**
 * Environment under which short names mean what they mean in Compose: `FROM postgres:17` is Docker Hub's. Debian
 * leaves that open; what the user has set is kept.
 */
export async function registriesEnv(cache: string = cacheDir()): Promise<Record<string, string>> {
  if (process.env['CONTAINERS_REGISTRIES_CONF']) return {};
  const own = await text(join(homedir(), '.config/containers/registries.conf'));
  const present = own ?? (await text('/etc/containers/registries.conf')) ?? '';
  if (/^\s*(?:unqualified-search-registries\b|\[registries)/m.test(present)) return {};
  const path = join(cache, 'registries.conf');
  await mkdir(cache, { recursive: true });
  const wanted = `unqualified-search-registries = ["docker.io"]\n${present}`;
  if ((await text(path)) !== wanted) await writeFile(path, wanted);
  return { CONTAINERS_REGISTRIES_CONF: path };
}

async function text(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
