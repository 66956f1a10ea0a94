import { BallastError } from '#base/errors.ts';
import type { Shell } from './shell.ts';

/** All of standard input as text. */
export async function readAll(shell: Shell, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stop = (): void => {
    shell.input.stream.destroy();
  };
  shell.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of shell.input.stream) {
      const buffer = Buffer.from(chunk as Buffer | string);
      bytes += buffer.length;
      if (bytes > bytesMax) throw new BallastError('usage', `the value is longer than ${bytesMax} bytes`);
      chunks.push(buffer);
    }
  } finally {
    shell.signal.removeEventListener('abort', stop);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Asks on the terminal without showing what is typed. */
export async function askSecretly(question: string, shell: Shell): Promise<string> {
  const { stream } = shell.input;
  shell.err.write(question);
  stream.setRawMode(true);
  stream.setEncoding('utf8');
  stream.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = '';
      const end = (finish: () => void): void => {
        stream.off('data', read);
        finish();
      };
      const read = (text: string): void => {
        for (const character of text) {
          if (character === '\r' || character === '\n') return end(() => resolve(typed));
          if (character === '\u0004' && typed === '') return end(() => resolve(''));
          if (character === '\u0003') {
            return end(() => reject(new BallastError('interrupted', 'interrupted: nothing was changed')));
          }
          if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
          else if (character === '\u0015') typed = '';
          else typed += character;
        }
      };
      stream.on('data', read);
      shell.signal.addEventListener('abort', () => end(() => reject(shell.signal.reason)), { once: true });
    });
  } finally {
    stream.setRawMode(false);
    stream.pause();
    shell.err.write('\n');
  }
}
