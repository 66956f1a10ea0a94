import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '#base/digest.ts';
import type { SeedFile } from '#provider/port.ts';
import { withLock } from './lock.ts';
import { fileStamp, writeShared } from './seed.ts';

/** Files from this size on are kept once for all machines, on disk and in memory. */
const sharedFromBytes = 1 << 20;

export const layersIn = (stateDir: string): string => join(stateDir, 'layers');

export const isShared = (file: SeedFile): boolean =>
  file.copyOf !== undefined && statSync(file.copyOf).size >= sharedFromBytes;

/** The layer that holds a file: a tree with nothing else in it, to be mounted over the base. */
export async function ensureLayer(
  stateDir: string,
  file: SeedFile,
  base: string,
  signal: AbortSignal,
): Promise<string> {
  const dir = join(
    layersIn(stateDir),
    digestOf([file.path, file.mode, file.copyOf, fileStamp(file.copyOf ?? '')]),
  );
  if (existsSync(dir)) return dir;
  return await withLock(`layer ${dir}`, signal, async () => {
    if (existsSync(dir)) return dir;
    const partial = `${dir}.partial`;
    rmSync(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    writeShared(partial, file, base);
    renameSync(partial, dir);
    return dir;
  });
}
