/** A fenced block of a document: what it is in, where it begins, and its text. */
export interface Block {
  readonly document: string;
  readonly line: number;
  /** The words after the fence: `sh run`. */
  readonly info: readonly string[];
  readonly text: string;
}

export interface Document {
  readonly path: string;
  readonly titles: readonly string[];
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly { readonly to: string; readonly line: number }[];
  readonly blocks: readonly Block[];
}

export function readDocument(path: string, text: string): Document {
  const blocks: Block[] = [];
  const prose: { text: string; line: number }[] = [];
  let open: { info: readonly string[]; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence && open) {
      blocks.push({ document: path, line: open.line, info: open.info, text: open.lines.join('\n') });
      open = undefined;
    } else if (fence) {
      open = { info: (fence[1] ?? '').trim().split(/\s+/), line: index + 1, lines: [] };
    } else if (open) {
      open.lines.push(line);
    } else {
      prose.push({ text: line, line: index + 1 });
    }
  }
  const headings = prose.flatMap(({ text: line }) => /^(#{1,6}) (.+)$/.exec(line)?.slice(1) ?? []);
  const names = headings.filter((_, index) => index % 2 === 1);
  return {
    path,
    titles: names.filter((_, index) => headings[index * 2] === '#'),
    anchors: new Set(names.map(slug)),
    links: prose.flatMap(({ text: line, line: number }) =>
      [...line.replaceAll(/`[^`]*`/g, (code) => 'x'.repeat(code.length)).matchAll(/\]\(([^)\s]+)\)/g)].map(
        (match) => ({
          to: match[1] ?? '',
          line: number,
        }),
      ),
    ),
    blocks,
  };
}

/** The anchor that a heading gets on a code host. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

/** The commands of a shell block, one array of words each; comments and what is piped to are told apart. */
export function commandsOf(
  block: Block,
): readonly { readonly words: readonly string[]; readonly line: number }[] {
  const lines = block.text.split('\n');
  const commands: { words: string[]; line: number }[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = block.line + index + 1;
    let text = lines[index] ?? '';
    while (text.endsWith('\\') && index + 1 < lines.length) {
      index += 1;
      text = `${text.slice(0, -1)} ${lines[index]?.trim() ?? ''}`;
    }
    for (const words of splitWords(text)) commands.push({ words, line });
  }
  return commands;
}

/** Words of each command on a line, quotes taken off, split at `&&`, `||`, `;` and `|`, without comments. */
function splitWords(text: string): string[][] {
  const commands: string[][] = [[]];
  for (const [token] of text.matchAll(
    /"[^"]*"|'[^']*'|#.*$|&&|\|\|?|;|>|<|(?:[^\s"'|;&<>#]|(?<=\S)#|"[^"]*"|'[^']*')+/g,
  )) {
    if (token.startsWith('#')) break;
    if (/^(&&|\|\|?|;)$/.test(token)) commands.push([]);
    else commands.at(-1)?.push(token.replaceAll(/["']/g, ''));
  }
  return commands
    .map((words) => words.slice(0, words.findIndex((word) => word === '>' || word === '<') >>> 0))
    .filter((words) => words.length > 0);
}
