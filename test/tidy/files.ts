import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
const skipped = new Set(['node_modules', 'dist', '.cache', '.git']);

/** Every file of the project by its path from the top, without what is built, cached or installed. */
export function projectFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !skipped.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? projectFiles(path) : [path];
    })
    .sort();
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');
export const lineCount = (text: string): number => text.trimEnd().split('\n').length;
