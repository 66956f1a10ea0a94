/** One line of an ignore file. `keep`: it began with `!` and takes back what an earlier line left out. */
export interface IgnoreRule {
  readonly keep: boolean;
  readonly pattern: RegExp;
}

/** Reads a .containerignore or .dockerignore. */
export function parseIgnore(text: string): IgnoreRule[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keep = line.startsWith('!');
      const path = normalise(keep ? line.slice(1).trim() : line);
      return { keep, path };
    })
    .filter(({ path }) => path !== '')
    .map(({ keep, path }) => ({ keep, pattern: new RegExp(`^${source(path)}(?:/|$)`, 's') }));
}

/** Whether a path, relative to the context, is left out of the build. The last rule that fits decides. */
export function isIgnored(rules: readonly IgnoreRule[], path: string): boolean {
  return rules.findLast((rule) => rule.pattern.test(path))?.keep === false;
}

/** Whether nothing below an ignored directory can be taken back, so that it need not be walked. */
export const isFinal = (rules: readonly IgnoreRule[]): boolean => !rules.some((rule) => rule.keep);

function normalise(path: string): string {
  const parts: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') parts.pop();
    else parts.push(name);
  }
  return parts.join('/');
}

/** Go's filepath.Match and `**`, as a regular expression. */
function source(path: string): string {
  return path.replace(/\*\*\/?|\*|\?|\[[^\]]*\]|\\.|[^*?[\\]+|\[|\\/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.length > 2) return token;
    return escape(token.startsWith('\\') && token.length > 1 ? token.slice(1) : token);
  });
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
