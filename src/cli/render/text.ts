// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what it looks for
const escapes = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Columns a text takes on a terminal: escape sequences none, most characters one, wide ones two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(escapes, '')) width += columnsOf(character.codePointAt(0) ?? 0);
  return width;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** The text cut to so many columns; colours that were begun are ended. */
export function clip(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  let index = 0;
  for (const escape of [...text.matchAll(escapes), undefined]) {
    const end = escape?.index ?? text.length;
    for (const character of text.slice(index, end)) {
      const next = columnsOf(character.codePointAt(0) ?? 0);
      if (width + next > columns) return `${kept}\u001b[0m`;
      kept += character;
      width += next;
    }
    if (escape) kept += escape[0];
    index = end + (escape?.[0].length ?? 0);
  }
  return kept;
}

/** Control characters made visible, so that what a machine sends cannot steer the terminal. Tabs stay. */
export function tame(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

/** `3 replicas`, `1 replica`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(words: readonly string[], joiner = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${joiner} ${words.at(-1)}`;
}

function columnsOf(point: number): number {
  if (point < 32 || (point >= 0x300 && point <= 0x36f) || point === 0x200d) return 0;
  const wide =
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff00 && point <= 0xff60) ||
    (point >= 0x1f300 && point <= 0x1f9ff);
  return wide ? 2 : 1;
}
