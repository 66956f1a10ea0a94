import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeFile, writeAtomic } from './atomic.ts';
import { batch } from './batch.ts';
import { exec } from './exec.ts';
import { quadletDirectory, unitOf } from './quadlet.ts';

/** Where systemd looks for units until the next boot, and notices new ones by itself. */
const unitDirectory = '/run/systemd/system';
export const quadletGenerator = '/usr/lib/systemd/system-generators/podman-system-generator';

/**
 * Lets systemd find the unit of a Quadlet file that is new to it. To read all units anew would do too, but costs
 * systemd 150 ms and more, and starts every generator there is. What is put there is what Quadlet makes of the file,
 * the same that it makes at boot and at the next reading; a file that Quadlet refuses gives no unit.
 */
export const offerUnit: (name: string) => Promise<void> = batch(async (names: readonly string[]) => {
  const made = await mkdtemp(join(tmpdir(), 'ballast-units-'));
  try {
    // It fails when it refuses any one of the files, and makes the units of all others.
    await exec([quadletGenerator, made], { env: { QUADLET_UNIT_DIRS: quadletDirectory }, timeoutMs: 20_000 });
    for (const name of names) {
      const text = await readFile(join(made, unitOf(name)), 'utf8').catch(() => undefined);
      if (text !== undefined) await writeAtomic(join(unitDirectory, unitOf(name)), text, { mode: 0o644 });
    }
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}, 0);

/** Leaves the unit to systemd's next reading of all units. One that was never offered is fine. */
export const withdrawUnit = async (name: string): Promise<void> =>
  await removeFile(join(unitDirectory, unitOf(name)));
