import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAccountFiles } from './account-files.ts';

test('the account files of a machine are read as one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ballast-accounts-'));
  try {
    writeFileSync(
      join(dir, 'passwd'),
      'root:x:0:0:root:/root:/bin/bash\nana:x:1000:1000:Ana,,,:/home/ana:/bin/sh\n',
    );
    writeFileSync(
      join(dir, 'group'),
      'root:x:0:\nana:x:1000:\nsudo:x:27:bob,ana\nadm:x:4:ana\nstaff:x:50:anabel\n',
    );
    writeFileSync(join(dir, 'shadow'), 'root:*:1::::::\nana:$y$hash:1::::::\n');
    const { users, gids, groupOf } = await readAccountFiles(dir);
    expect(users.get('ana')).toEqual({
      name: 'ana',
      uid: 1000,
      gid: 1000,
      comment: 'Ana,,,',
      home: '/home/ana',
      shell: '/bin/sh',
      groups: ['adm', 'sudo'],
      locked: false,
    });
    expect(users.get('root')?.locked).toBe(true);
    expect(gids.get('sudo')).toBe(27);
    expect(groupOf(4)).toBe('adm');
    expect(groupOf(99)).toBe('99');
  } finally {
    rmSync(dir, { recursive: true });
  }
});
