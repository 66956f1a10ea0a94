import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import { BallastError } from '#base/errors.ts';

/** Where the one executable is on this computer: this program itself, or what is built from these sources. */
export function executablePlace(): string {
  return isSea() ? process.execPath : join(import.meta.dirname, '../../dist/ballast');
}

/** The executable; an error when it is still to be built. */
export function ownExecutable(): string {
  const place = executablePlace();
  if (existsSync(place)) return place;
  throw new BallastError('missing-tool', 'there is no executable to put on machines', {
    why: 'this ballast runs from its sources',
    fix: 'build it first: npm run build',
  });
}

/** The command that runs this program again. Absolute. */
export function ownCommand(): readonly string[] {
  return isSea() ? [process.execPath] : [process.execPath, join(import.meta.dirname, 'main.ts')];
}
