import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createVault, vaultFrom } from './vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-vault-'));
afterAll(() => rmSync(folder, { recursive: true }));
const vault = createVault(new Uint8Array(32).fill(1));

test('a box opens to what was put in, under its own label only', () => {
  const box = vault.seal('a@1', 'gehëim');
  expect(vault.open('a@1', box)).toBe('gehëim');
  expect(() => vault.open('a@2', box)).toThrow(/cannot be decrypted/);
});

test('the same value twice gives two boxes that do not look alike', () => {
  expect(vault.seal('a@1', 'x')).not.toEqual(vault.seal('a@1', 'x'));
});

test.each(['data', 'tag', 'iv'] as const)('a box whose %s was altered does not open', (part) => {
  const box = vault.seal('a@1', 'some value');
  const bytes = Buffer.from(box[part], 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  expect(() => vault.open('a@1', { ...box, [part]: bytes.toString('base64') })).toThrow(
    /cannot be decrypted/,
  );
});

test('another key does not open it', () => {
  const other = createVault(new Uint8Array(32).fill(2));
  expect(() => other.open('a@1', vault.seal('a@1', 'x'))).toThrow(/cannot be decrypted/);
});

test('the key is made once, kept for its owner and never replaced when damaged', async () => {
  const path = join(folder, 'master.key');
  const box = (await vaultFrom(path)).seal('a@1', 'x');
  expect((await vaultFrom(path)).open('a@1', box)).toBe('x');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, 'short');
  await expect(vaultFrom(path)).rejects.toMatchObject({ code: 'bad-file' });
});
