import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '#host/exec.ts';
import { createSshKeygen } from './ssh-keygen.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-keygen-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const at = Date.UTC(2026, 10, 22, 12);

describe('ssh-keygen', () => {
  it('signs what it is asked to and leaves no key behind', async () => {
    const keygen = createSshKeygen(join(folder, 'signing'));
    const authority = await keygen.makeKey('authority');
    const person = await keygen.makeKey('person');
    const certificate = await keygen.sign(authority.privateKey, {
      ...{ kind: 'user', publicKey: person.publicKey, id: 'ana@example.com', serial: 42 },
      ...{ principals: ['ana@example.com/deploy'], permits: ['permit-pty'], from: at, until: at + 60_000 },
    });
    const file = join(folder, 'shown.pub');
    await writeFile(file, `${certificate}\n`);
    const shown = await run(['ssh-keygen', '-L', '-f', file], { env: { TZ: 'UTC' } });
    expect(shown).toContain('Key ID: "ana@example.com"');
    expect(shown).toContain('Serial: 42');
    expect(shown).toContain('Valid: from 2026-11-22T12:00:00 to 2026-11-22T12:01:00');
    expect(shown).toMatch(/Principals:\s+ana@example.com\/deploy\s/);
    expect(shown).toMatch(/Extensions:\s+permit-pty\s*$/);
    expect(shown).toContain(await keygen.fingerprint(authority.publicKey));
    expect(readdirSync(join(folder, 'signing'))).toEqual([]);
  });

  it('refuses what is no key, and sweeps what a crash left', async () => {
    const signing = join(folder, 'signing');
    const first = createSshKeygen(signing);
    const authority = await first.makeKey('authority');
    await writeFile(join(signing, 'left'), 'a private key');
    const again = createSshKeygen(signing);
    const wish = {
      kind: 'user',
      publicKey: 'ssh-ed25519 AAAA',
      id: 'x',
      serial: 1,
      principals: ['x'],
      from: at,
      until: at,
    } as const;
    await expect(again.sign(authority.privateKey, wish)).rejects.toMatchObject({ code: 'bad-request' });
    expect(existsSync(join(signing, 'left'))).toBe(false);
  });
});
