import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders that scripts use, by the XDG rules. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const executable = join(projectRoot, 'dist', 'ballast');
export const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ballast');
export const data = join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'ballast');
export const guestbook = join(projectRoot, 'examples', 'guestbook', 'compose.yaml');
