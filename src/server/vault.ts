import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { BallastError } from '#base/errors.ts';
import { readOrMake } from './private-file.ts';

/** An encrypted value: AES-256-GCM, all base64. */
export interface Box {
  readonly iv: string;
  readonly data: string;
  readonly tag: string;
}

/** Encrypts with a key that is never in the store. `label` is bound in: a box opens under its own label only. */
export interface Vault {
  readonly seal: (label: string, value: string) => Box;
  readonly open: (label: string, box: Box) => string;
}

export function createVault(key: Uint8Array): Vault {
  return {
    seal(label, value) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      cipher.setAAD(Buffer.from(label));
      const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return {
        iv: iv.toString('base64'),
        data: data.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
      };
    },
    open(label, { iv, data, tag }) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), {
          authTagLength: 16,
        });
        decipher.setAAD(Buffer.from(label));
        decipher.setAuthTag(Buffer.from(tag, 'base64'));
        return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString(
          'utf8',
        );
      } catch (cause) {
        throw new BallastError('internal', `the secret ${label} cannot be decrypted`, {
          cause,
          why: 'the master key is not the one it was encrypted with, or the store was altered',
          fix: 'start the server with the right master key file',
        });
      }
    },
  };
}

/** The vault whose key is in this file; made when there is none. */
export async function vaultFrom(path: string): Promise<Vault> {
  const text = await readOrMake(path, async () => `${randomBytes(32).toString('base64')}\n`);
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) {
    throw new BallastError('bad-file', `${path} does not hold a master key`, {
      why: '32 bytes in base64 are expected',
      fix: 'restore it from a backup: without it the stored secrets cannot be read',
    });
  }
  return createVault(key);
}
