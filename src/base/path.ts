/** POSIX paths as pure text: no file system is asked and no working directory is assumed. */

export const isAbsolute = (path: string): boolean => path.startsWith('/');

/** The path without `.`, `..` and doubled slashes. `..` above the root stays at the root. */
export function normalizePath(path: string): string {
  const absolute = isAbsolute(path);
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push('..');
  }
  const joined = kept.join('/');
  return absolute ? `/${joined}` : joined || '.';
}

/** `a`, `b/c`, `../d` -> `a/b/d`. Later absolute parts do not start anew: use `resolvePath` for that. */
export const joinPath = (...parts: readonly string[]): string => normalizePath(parts.join('/'));

/** `path` seen from the directory `base`: an absolute path stays, a relative one is joined to it. */
export const resolvePath = (base: string, path: string): string =>
  isAbsolute(path) ? normalizePath(path) : joinPath(base, path);

/** The directory that holds `path`: `/a/b` -> `/a`, `/a` -> `/`, `a` -> `.`. */
export function dirname(path: string): string {
  const normal = normalizePath(path);
  const slash = normal.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : normal.slice(0, slash);
}

/** The last part of `path`: `/a/b` -> `b`. */
export function basename(path: string): string {
  const normal = normalizePath(path);
  return normal.slice(normal.lastIndexOf('/') + 1);
}

/** Whether `path` is `directory` or lies below it. */
export function isInside(directory: string, path: string): boolean {
  const outer = normalizePath(directory);
  const inner = normalizePath(path);
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}
