/**
 * The text of Quadlet files. What a key's value may hold differs from key to key, found by trying on podman 5.4:
 * values made of words are split like a shell's, `Entrypoint=` and `HealthCmd=` are taken whole; `%` and `$` are
 * expanded by systemd everywhere and must be doubled.
 */
export type QuadletLine = readonly [key: string, value: string];

export interface QuadletSection {
  readonly name: string;
  readonly lines: readonly QuadletLine[];
}

export function quadletText(comment: string, sections: readonly QuadletSection[]): string {
  const body = sections.map(
    ({ name, lines }) => `[${name}]\n${lines.map(([key, value]) => `${key}=${value}\n`).join('')}`,
  );
  return `# ${comment}\n${body.join('\n')}`;
}

/** One word of a value that is split into words. */
export function word(text: string): string {
  const quoted = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  const escaped = unexpanded(quoted);
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

export const words = (texts: readonly string[]): string => texts.map(word).join(' ');

/** Words that `Exec=` cannot hold: Quadlet ends the line at an empty one, and a `;` begins another command. */
const oddWords: ReadonlyMap<string, string> = new Map([
  ['', 'BALLAST_NOTHING'],
  [';', 'BALLAST_SEMICOLON'],
]);

/** Words for `Exec=`. systemd makes `${…}` exactly one word, whatever the variable holds. */
export function execWords(texts: readonly string[]): string {
  const one = (text: string): string => {
    const variable = oddWords.get(text);
    return variable === undefined ? word(text) : `\${${variable}}`;
  };
  return texts.map(one).join(' ');
}

/** The unit's variables that such words refer to. They do not reach the container. */
export const execVariables = (texts: readonly string[]): readonly QuadletLine[] =>
  [...oddWords].flatMap(([text, variable]) =>
    texts.includes(text) ? [['Environment', `${variable}=${text}`] as const] : [],
  );

/** A list as JSON, for the keys that take their value whole. */
export const jsonList = (texts: readonly string[]): string => unexpanded(JSON.stringify(texts));

/** Keeps systemd from expanding specifiers and variables. */
export const unexpanded = (text: string): string => text.replaceAll('%', '%%').replaceAll('$', '$$$$');

/** An argument for `podman run` that Quadlet has no key for. One line each: an empty one would undo those before. */
export const argumentLine = (argument: string): QuadletLine => ['PodmanArgs', word(argument)];

export const seconds = (ms: number): string => `${Math.max(0, ms) / 1000}s`;
