/** Colours a text, or leaves it as it is where colours are off. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  magenta(text: string): string;
  cyan(text: string): string;
}

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const satisfies Record<keyof Paint, readonly [number, number]>;

function painter(wrap: (open: number, close: number) => (text: string) => string): Paint {
  const paint = (name: keyof Paint) => wrap(codes[name][0], codes[name][1]);
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    blue: paint('blue'),
    magenta: paint('magenta'),
    cyan: paint('cyan'),
  };
}

export const plain: Paint = painter(() => (text) => text);
export const coloured: Paint = painter(
  (open, close) => (text) => (text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`),
);

/** The colours log prefixes take turns with: a name keeps its colour from one run to the next. */
export function paintName(paint: Paint, name: string): string {
  const turns = [paint.cyan, paint.yellow, paint.green, paint.magenta, paint.blue, paint.red];
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return (turns[sum % turns.length] ?? paint.cyan)(name);
}

/** Whether a stream gets colours: `--no-color` and NO_COLOR win, then CLICOLOR_FORCE, then "is it a terminal". */
export function wantsColour(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
  noColour: boolean,
): boolean {
  if (noColour || (env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['CLICOLOR_FORCE'] ?? '0') !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb';
}
