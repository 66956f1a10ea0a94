import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAccounts } from './accounts.ts';

test('an owner is compared by the form it was asked for in: name with name, number with number', async () => {
  const root = await mkdtemp(join(tmpdir(), 'ballast-accounts-'));
  try {
    await writeFile(join(root, 'passwd'), 'root:x:0:0::/root:/bin/sh\ndns:x:999:999::/:/bin/false\n');
    await writeFile(join(root, 'group'), 'root:x:0:\ndns:x:999:\n');
    const accounts = await readAccounts(root);
    expect([accounts.userName(0, 'root'), accounts.groupName(999, 'dns')]).toEqual(['root', 'dns']);
    expect([accounts.userName(0, '0'), accounts.groupName(999, '999')]).toEqual(['0', '999']);
    expect(accounts.ids('dns', '7')).toEqual({ uid: 999, gid: 7 });
  } finally {
    await rm(root, { recursive: true });
  }
});
