import { readFileSync } from 'node:fs';
import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import type { Shell } from './shell.ts';

const bytesMax = 512 << 10;

/**
 * Values of the secrets that are read where deploy runs, by their key in the model. Those that live in the fleet are
 * not among them. All that are missing are reported at once.
 */
export function readSecretValues(
  model: AppModel,
  origins: Origins,
  env: Shell['env'],
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [key, { from }] of Object.entries(model.secrets)) {
    const at = origins[`secrets.${key}`];
    const missing = (what: string, fix: string): void => {
      problems.push({ code: 'secret/missing', what, fix, ...(at === undefined ? {} : { at }) });
    };
    if (from.kind === 'environment') {
      const value = env[from.variable];
      if (value === undefined) {
        missing(
          `secret ${key}: the variable ${from.variable} is not set`,
          `set ${from.variable} where you deploy`,
        );
      } else values[key] = value;
    } else if (from.kind === 'file') {
      try {
        const text = readFileSync(from.path);
        if (text.length > bytesMax)
          missing(`secret ${key}: ${from.path} is longer than ${bytesMax} bytes`, 'shorten it');
        else values[key] = text.toString('utf8');
      } catch (error) {
        const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
        missing(
          `secret ${key}: the file ${from.path} ${absent ? 'does not exist' : 'cannot be read'}`,
          'make the file, or keep the secret in the fleet: external: true and ballast secret set',
        );
      }
    }
  }
  if (problems.length > 0) throw new BallastError('bad-file', 'secrets are missing', { problems });
  return values;
}
