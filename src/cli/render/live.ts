import type { Output } from '#cli/shell.ts';
import { clip } from './text.ts';

/**
 * A block of lines at the bottom of a terminal that is redrawn in place, with ordinary lines scrolling away above.
 * Where there is no terminal the block is never drawn, and the ordinary lines are all there is.
 */
export interface Live {
  /** Redraws the block; an empty one goes away. */
  show(lines: readonly string[]): void;
  /** Writes lines that stay, above the block. */
  print(...lines: readonly string[]): void;
  /** Leaves the block as it stands and goes on below it. */
  keep(): void;
  /** Takes the block away. */
  clear(): void;
}

export function liveOn(output: Output): Live {
  let shown: readonly string[] = [];
  const erase = (): string => (shown.length === 0 ? '' : `\u001b[${shown.length}A\r\u001b[J`);
  const draw = (lines: readonly string[]): string => lines.map((text) => `${text}\n`).join('');
  const fit = (lines: readonly string[]): string[] => {
    const columns = Math.max(10, output.columns() - 1);
    return lines.slice(0, Math.max(1, output.rows() - 1)).map((text) => clip(text, columns));
  };
  return {
    show(lines) {
      if (!output.isTerminal) return;
      const next = fit(lines);
      if (next.length === shown.length && next.every((text, index) => text === shown[index])) return;
      output.write(erase() + draw(next));
      shown = next;
    },
    print(...lines) {
      output.write(erase() + draw(lines) + draw(shown));
    },
    keep() {
      shown = [];
    },
    clear() {
      if (shown.length > 0) output.write(erase());
      shown = [];
    },
  };
}
