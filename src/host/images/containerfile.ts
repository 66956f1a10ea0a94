/**
 * The images a Containerfile builds on: those of FROM, COPY --from and RUN --mount=from, without its own stages.
 * `args` are the build's; ARG lines before the first FROM give defaults. Names are as written, expanded.
 */
export function readBases(text: string, args: Readonly<Record<string, string>>): string[] {
  const known = new Map<string, string>();
  const stages = new Set<string>(['scratch']);
  const bases = new Set<string>();
  const use = (name: string) => {
    const image = expand(name, known);
    if (image !== '' && !stages.has(image.toLowerCase()) && !/^\d+$/.test(image)) bases.add(image);
  };
  let before = true;
  for (const { instruction, rest } of readInstructions(text)) {
    if (instruction === 'ARG' && before) {
      const [name = '', value] = split(rest, '=');
      known.set(name, args[name] ?? expand(unquote(value ?? ''), known));
    } else if (instruction === 'FROM') {
      before = false;
      const words = rest.split(/\s+/).filter((word) => !word.startsWith('--'));
      use(words[0] ?? '');
      if (words[1]?.toUpperCase() === 'AS' && words[2]) stages.add(words[2].toLowerCase());
    } else if (instruction === 'COPY' || instruction === 'ADD' || instruction === 'RUN') {
      for (const [, copied, mounted] of rest.matchAll(/--from=(\S+)|--mount=(?:\S*,)?from=([^,\s]+)/g)) {
        use(copied ?? mounted ?? '');
      }
    }
  }
  return [...bases];
}

interface Instruction {
  readonly instruction: string;
  readonly rest: string;
}

/** Joins continued lines, drops comments and the bodies of here-documents. */
export function readInstructions(text: string): Instruction[] {
  const found: Instruction[] = [];
  let line = '';
  let heredoc: string | undefined;
  for (const raw of text.split('\n')) {
    if (heredoc !== undefined) {
      if (raw.trim() === heredoc) heredoc = undefined;
      continue;
    }
    if (/^\s*(?:#|$)/.test(raw)) continue;
    line += raw.trim();
    if (line.endsWith('\\')) {
      line = `${line.slice(0, -1)} `;
      continue;
    }
    const [instruction = '', rest] = split(line, /\s+/);
    found.push({ instruction: instruction.toUpperCase(), rest: rest ?? '' });
    if (/^(RUN|COPY|ADD)$/i.test(instruction)) heredoc = /<<-?\s*(['"]?)(\w+)\1/.exec(line)?.[2];
    line = '';
  }
  return found;
}

function expand(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)(?::?([-+])([^}]*))?\}|(\w+))/g,
    (_, braced?: string, operator?: string, word = '', bare?: string) => {
      const value = known.get(braced ?? bare ?? '') ?? '';
      if (operator === '-') return value || word;
      if (operator === '+') return value ? word : '';
      return value;
    },
  );
}

const unquote = (text: string): string => text.replace(/^(["'])(.*)\1$/, '$2');

function split(text: string, at: string | RegExp): [string, string?] {
  const match = typeof at === 'string' ? text.indexOf(at) : text.search(at);
  if (match < 0) return [text];
  const length = typeof at === 'string' ? at.length : (at.exec(text)?.[0].length ?? 0);
  return [text.slice(0, match), text.slice(match + length)];
}
