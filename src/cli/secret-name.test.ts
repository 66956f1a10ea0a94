import { expect, test } from 'vitest';
import { requireSecretName } from './secret-name.ts';

test.each(['k', 'db_password', 'TLS-key2', 'a'.repeat(128)])('%s can name a secret', (name) => {
  expect(() => requireSecretName(name)).not.toThrow();
});

test.each(['', '.x', 'a.b', '-x', 'bad name!', 'a/b', 'a'.repeat(129)])('"%s" cannot', (name) => {
  expect(() => requireSecretName(name)).toThrow(
    expect.objectContaining({ code: 'usage', message: `"${name}" cannot be the name of a secret` }),
  );
});
