import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import { BallastError } from '#base/errors.ts';

/** The one executable on this computer: this program itself, or what was built from these sources. */
export function ownExecutable(): string {
  if (isSea()) return process.execPath;
  const built = join(import.meta.dirname, '../../dist/ballast');
  if (existsSync(built)) return built;
  throw new BallastError('missing-tool', 'there is no executable to put on machines', {
    why: 'this ballast runs from its sources',
    fix: 'build it first: npm run build',
  });
}
