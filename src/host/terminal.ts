import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec } from './exec.ts';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

const triesMax = 20;
const retryMs = 50;

/**
 * Gives the pseudo-terminal that a process made for its child another size; the kernel tells whoever runs in it. A
 * process that has just begun may not have its child yet, and one that ends has none any more: then nothing is done.
 */
export async function resizeTerminal(pid: number, { rows, columns }: TerminalSize): Promise<void> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const terminal = await terminalOf(pid);
    if (terminal !== undefined) {
      await exec(['stty', '-F', terminal, 'rows', String(rows), 'cols', String(columns)]);
      return;
    }
    await sleep(retryMs);
  }
}

async function terminalOf(pid: number): Promise<string | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter(Boolean)) {
    const input = await readlink(`/proc/${child}/fd/0`).catch(() => '');
    if (input.startsWith('/dev/pts/')) return input;
  }
  return undefined;
}
