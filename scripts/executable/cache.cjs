// cache.cjs FILE...: writes the code cache of each script beside it. Run by the very Node that becomes the
// executable: a cache made by another is refused at start.
const { readFileSync, writeFileSync } = require('node:fs');
const { basename } = require('node:path');
const { Script } = require('node:vm');
for (const file of process.argv.slice(2)) {
  const script = new Script(readFileSync(file, 'utf8'), { filename: basename(file) });
  writeFileSync(`${file}.cache`, script.createCachedData());
}
