import { BallastError } from '#base/errors.ts';

/** Refuses a name that no secret can have, as the server would: before a value is asked for. */
export function requireSecretName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/.test(name)) return;
  throw new BallastError('usage', `"${name}" cannot be the name of a secret`, {
    why: 'it has letters, digits, - and _ only, begins with a letter or a digit, and is at most 128 long',
    fix: 'write for example ballast secret set db_password',
  });
}
