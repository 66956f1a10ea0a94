/** The signs that output is made of, for terminals that show them and for those that do not. */
export interface Marks {
  readonly done: string;
  readonly failed: string;
  readonly warning: string;
  readonly full: string;
  readonly half: string;
  readonly empty: string;
  readonly bar: string;
  readonly arrow: string;
  readonly ellipsis: string;
  readonly spinner: readonly string[];
}

export const unicodeMarks: Marks = {
  done: '✓',
  failed: '✗',
  warning: '!',
  full: '●',
  half: '◐',
  empty: '○',
  bar: '│',
  arrow: '→',
  ellipsis: '…',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

export const asciiMarks: Marks = {
  done: 'ok',
  failed: 'x',
  warning: '!',
  full: '*',
  half: 'o',
  empty: '.',
  bar: '|',
  arrow: '->',
  ellipsis: '...',
  spinner: ['|', '/', '-', '\\'],
};

/** UTF-8 unless the locale says that it is something else. */
export function marksFor(env: Readonly<Record<string, string | undefined>>): Marks {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  if (env['TERM'] === 'linux') return asciiMarks; // its font has neither dots nor braille
  if (locale === undefined) return env['TERM'] === undefined ? asciiMarks : unicodeMarks;
  return /utf-?8/i.test(locale) ? unicodeMarks : asciiMarks;
}
