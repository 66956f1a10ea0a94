/**
 * cache.ts FILE...: writes the code cache of each script beside it. Run by the very Node that becomes the executable:
 * a cache made by another is refused at start.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Script } from 'node:vm';

for (const file of process.argv.slice(2)) {
  const script = new Script(readFileSync(file, 'utf8'), { filename: basename(file) });
  writeFileSync(`${file}.cache`, script.createCachedData());
}
