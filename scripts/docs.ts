import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { referenceFiles } from './reference/files.ts';

// Writes docs/reference from the code, so that it cannot say anything else.

const folder = join(import.meta.dirname, '..', 'docs', 'reference');
for (const [name, text] of Object.entries(await referenceFiles())) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote docs/reference/${name}`);
}
