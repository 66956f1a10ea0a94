import { spawn } from 'node:child_process';
import { BallastError } from '#base/errors.ts';

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * Runs a program on this process's own terminal and streams, as if it had been started in its place. Answers with its
 * exit code; 128 and the signal's number when a signal ended it.
 */
export async function runAttached(argv: readonly string[], packageName: string): Promise<number> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: 'inherit' });
  return await new Promise((resolve, reject) => {
    child.on('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'ENOENT'
          ? new BallastError('missing-tool', `${program} is not installed`, {
              cause,
              fix: `install it: apt-get install ${packageName}`,
            })
          : new BallastError('command-failed', `${program} could not be started`, {
              cause,
              why: cause.message,
            }),
      ),
    );
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signalNumbers[signal ?? ''] ?? 0)));
  });
}
