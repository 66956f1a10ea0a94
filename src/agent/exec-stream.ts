import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { markedEnv, signalMarked } from '#host/exec-session.ts';
import { type Running, startProcess } from '#host/process.ts';
import { resizeTerminal, type TerminalSize } from '#host/terminal.ts';
import { throttle } from './flow.ts';
import type { Stream, StreamContext, StreamRequest } from './stream.ts';

const graceMs = 2_000;

type ExecRequest = Extract<StreamRequest, { kind: 'exec' }>;

/** Runs a command inside a replica's container; its exit code is passed on. */
export function runExec(request: ExecRequest, { send, backlog }: StreamContext): Stream {
  const { stream, tty, stdin } = request;
  let running: Running | undefined;
  const slowDown = throttle(() => running, backlog);
  const { argv, env } = execCommand(request);
  const marker = randomUUID();
  running = startProcess(argv, {
    env: { ...env, ...markedEnv(marker) },
    stdin: stdin || tty,
    onOutput: (fd, data) => {
      send({ kind: 'output', stream, fd, data: data.toString('base64') });
      slowDown();
    },
  });
  const started = running;
  return {
    done: started.done.then((code) => ({ code })),
    stdin: (data) => {
      if (data === null) started.endInput();
      else started.write(data);
    },
    ...(tty && started.pid !== undefined ? { resize: resizer(started.pid) } : {}),
    cancel: () => void endCommand(marker, started, tty ? 'SIGHUP' : 'SIGTERM'),
  };
}

/** Sizes are given one after the other, and of many that come at once only the last. */
function resizer(pid: number): (size: TerminalSize) => void {
  let wanted: TerminalSize | undefined;
  let busy = false;
  const work = async (): Promise<void> => {
    while (wanted !== undefined) {
      const next = wanted;
      wanted = undefined;
      await resizeTerminal(pid, next).catch(() => {}); // it keeps the size it has
    }
    busy = false;
  };
  return (size) => {
    wanted = size;
    if (busy) return;
    busy = true;
    void work();
  };
}

/** Asks the command inside to end, then ends it, and at last lets go of it. */
async function endCommand(marker: string, running: Running, first: NodeJS.Signals): Promise<void> {
  for (const signal of [first, 'SIGKILL'] as const) {
    if (!(await signalMarked(marker, signal))) break;
    const ended = await Promise.race([running.done, sleep(graceMs)]);
    if (ended !== undefined) return;
  }
  running.kill();
}

/**
 * The command that enters the container. Values of variables go through the environment, where no list of processes
 * shows them. A terminal comes from `script`, which is on every Debian machine: it makes a pseudo-terminal, sets its
 * size and hands the exit code on.
 */
export function execCommand(request: ExecRequest): { argv: readonly string[]; env: Record<string, string> } {
  const { replica, command, tty, size, stdin, env, user, workdir } = request;
  const podman = [
    ...['podman', 'exec'],
    ...(stdin || tty ? ['--interactive'] : []),
    ...(tty ? ['--tty'] : []),
    ...Object.keys(env).flatMap((name) => ['--env', name]),
    ...(user === undefined ? [] : ['--user', user]),
    ...(workdir === undefined ? [] : ['--workdir', workdir]),
    replica,
    ...command,
  ];
  if (!tty) return { argv: podman, env: { ...env } };
  const { rows, columns } = size ?? { rows: 24, columns: 80 };
  const line = `stty rows ${rows} cols ${columns}; exec ${podman.map(quote).join(' ')}`;
  const argv = ['script', '--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'];
  return { argv, env: { ...env, SHELL: '/bin/sh' } };
}

/** A word for the shell that `script` insists on: within single quotes nothing has a meaning. */
const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
