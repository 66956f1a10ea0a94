import type { Origin } from '#base/result.ts';
import type { Problems } from '#spec/problems.ts';
import type { Lookup } from './interpolate.ts';
import { interpolate } from './interpolate.ts';

export interface EnvFile {
  readonly file: string;
  readonly text: string;
  /** What variables in values are looked up in before the file's own earlier lines. */
  readonly lookup: Lookup;
  /** Takes every value as it stands: no quotes, no variables, no comments at the end of a line. */
  readonly raw?: boolean;
}

type Variables = Readonly<Record<string, string>>;

/**
 * Variables of an env file by the rules of Compose: `KEY=value`, `export KEY=value`, `KEY: value`, `KEY` alone for
 * the value of the environment; single quotes keep the text, double quotes know `\n` and variables; `#` begins
 * a comment at the start of a line or after a space. Quoted values may run over several lines.
 */
export function parseEnvFile(source: EnvFile, problems: Problems): Variables {
  const found: Record<string, string> = {};
  const lookup: Lookup = (name) =>
    source.lookup(name) ?? (Object.hasOwn(found, name) ? found[name] : undefined);
  const lines = source.text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const at: Origin = {
      file: source.file,
      line: index + 1,
      column: 1 + line.length - line.trimStart().length,
    };
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:([=:])\s?(.*))?$/.exec(line);
    const key = match?.[1];
    if (match === null || key === undefined) {
      problems.add('bad-env-file', {
        what: 'this line is no KEY=value',
        fix: 'or begin it with # to make it a comment',
        at,
      });
      continue;
    }
    if (match[2] === undefined) {
      const inherited = source.lookup(key);
      if (inherited !== undefined) found[key] = inherited;
      continue;
    }
    const written = match[3] ?? '';
    if (source.raw) {
      found[key] = line.slice(line.indexOf(match[2]) + 1);
      continue;
    }
    const quote = written.trimStart()[0];
    if (quote !== '"' && quote !== "'") {
      found[key] = expanded(written.replace(/(^|\s)#.*$/, '').trim(), lookup, at, problems);
      continue;
    }
    const quoted = readQuoted(lines, index, written.trimStart().slice(1), quote);
    if (quoted === undefined) {
      problems.add('bad-env-file', { what: `the value of ${key} begins with ${quote} and never ends`, at });
      continue;
    }
    found[key] = quote === "'" ? quoted.text : expanded(unescape(quoted.text), lookup, at, problems);
    index = quoted.line;
  }
  return found;
}

/** The text up to the closing quote, which may stand on a later line. Backslashes stay as they are. */
function readQuoted(
  lines: readonly string[],
  first: number,
  start: string,
  quote: string,
): { text: string; line: number } | undefined {
  const parts: string[] = [];
  for (let line = first; line < lines.length; line += 1) {
    const text = line === first ? start : (lines[line] ?? '');
    const end = endOfQuote(text, quote);
    if (end >= 0)
      return { text: [...parts, text.slice(0, end)].join('\n').replaceAll(`\\${quote}`, quote), line };
    parts.push(text);
  }
  return undefined;
}

function endOfQuote(text: string, quote: string): number {
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === quote) return index;
  }
  return -1;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', $: '$$' };

const unescape = (text: string): string =>
  text.replace(/\\([nrt\\$])/g, (_, letter: string) => escapes[letter] ?? letter);

function expanded(text: string, lookup: Lookup, at: Origin, problems: Problems): string {
  const result = interpolate(text, lookup);
  if (result.broken !== undefined) {
    problems.add('bad-interpolation', { what: result.broken, fix: 'write $$ for a dollar sign', at });
  }
  for (const { name, message } of result.missing) {
    problems.add('missing-variable', {
      what: `${name} has to be set${message === '' ? '' : `: ${message}`}`,
      at,
    });
  }
  return result.text;
}
