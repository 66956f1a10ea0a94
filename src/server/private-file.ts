import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A folder only its owner can look into. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** The file's text; undefined when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Writes a file for its owner's eyes only. After a crash either the old text is there or the new one, whole. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${randomBytes(6).toString('hex')}.draft`);
  try {
    await using file = await open(draft, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(draft, path);
  } catch (cause) {
    await unlink(draft).catch(() => {});
    throw cause;
  }
  await using folder: FileHandle = await open(dirname(path), 'r');
  await folder.sync();
}

/** The file's text, made and written first when there is none. */
export async function readOrMake(path: string, make: () => Promise<string>): Promise<string> {
  const there = await readText(path);
  if (there !== undefined) return there;
  await writePrivate(path, await make());
  // What is on the disk counts, should two have made it at once.
  return (await readText(path)) ?? '';
}
