import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '#compile/manifest.ts';
import { removeFile, writeAtomic } from '#host/atomic.ts';

/** Values of the secrets this machine's manifest names, by `name@version`, each in a file that only root reads. */
export interface Vault {
  readonly get: (reference: string) => string | undefined;
  readonly put: (secrets: Readonly<Record<string, string>>) => Promise<void>;
  /** Removes all that the manifest does not name. */
  readonly keepOnly: (manifest: Manifest) => Promise<void>;
}

export async function openVault(stateDir: string): Promise<Vault> {
  const directory = join(stateDir, 'secrets');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const values = new Map<string, string>();
  for (const file of await readdir(directory)) {
    if (file.startsWith('.')) await removeFile(join(directory, file));
    else values.set(decodeURIComponent(file), await readFile(join(directory, file), 'utf8'));
  }
  const pathOf = (reference: string): string =>
    join(directory, encodeURIComponent(reference).replaceAll('%40', '@'));
  return {
    get: (reference) => values.get(reference),
    async put(secrets) {
      for (const [reference, value] of Object.entries(secrets)) {
        if (values.get(reference) === value) continue;
        await writeAtomic(pathOf(reference), value, { mode: 0o600 });
        values.set(reference, value);
      }
    },
    async keepOnly({ resources }) {
      const named = new Set(
        resources.flatMap((resource) => (resource.kind === 'file' ? [resource.secret] : [])),
      );
      for (const reference of [...values.keys()].filter((known) => !named.has(known))) {
        await removeFile(pathOf(reference));
        values.delete(reference);
      }
    },
  };
}
