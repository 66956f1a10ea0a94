import { BallastError } from '#base/errors.ts';
import { appFlag, command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import type { Shell } from '#cli/shell.ts';
import { findTarget } from '#cli/target.ts';
import type { ExecSession } from '#wire/exec-client.ts';
import type { TerminalSize } from '#wire/exec-messages.ts';

export const exec = command({
  details: `SERVICE stands for its first healthy replica; a replica can be named itself. When you sit at a terminal the
command gets one too. The exit code is the command's own.`,
  args: [
    { name: 'SERVICE', summary: 'a service, or a replica by its full name', completes: 'service' },
    { name: 'COMMAND', summary: 'what to run, with its arguments', rest: true },
  ],
  flags: {
    ...appFlag,
    tty: { kind: 'switch', short: 't', summary: 'give it a terminal (default: when you have one)' },
    'no-tty': { kind: 'switch', short: 'T', summary: 'give it none' },
    interactive: {
      kind: 'switch',
      short: 'i',
      summary: 'pass standard input on (default: when it gets a terminal)',
    },
    env: { kind: 'list', short: 'e', value: 'KEY=VALUE', summary: 'set a variable; may be repeated' },
    user: { kind: 'text', short: 'u', value: 'USER', summary: 'as this user of the container' },
    workdir: { kind: 'text', short: 'w', value: 'DIR', summary: 'in this directory of the container' },
  },
  examples: [
    { does: 'A shell in the web service', line: 'ballast exec web -- sh' },
    { does: 'Feed a file to the database', line: 'ballast exec -i db -- psql -U postgres < dump.sql' },
  ],
  async run({ flags, args: [word, ...words] }, shell) {
    const argv = words[0] === '--' ? words.slice(1) : words;
    if (argv.length === 0) {
      throw new BallastError('usage', 'COMMAND is missing', {
        fix: `write for example ballast exec ${word} -- sh`,
      });
    }
    const client = await connect(flags, shell);
    const target = await findTarget(word, flags.app, client, shell);
    const both = shell.input.isTerminal && shell.out.isTerminal;
    const tty = !flags['no-tty'] && (flags.tty || both);
    const stdin = flags.interactive || tty;
    const start = {
      ...(target.replica === undefined ? {} : { replica: target.replica }),
      ...(target.service === undefined ? {} : { service: target.service }),
      command: argv,
      tty,
      ...(tty ? { size: sizeOf(shell) } : {}),
      stdin,
      env: { ...(tty ? { TERM: shell.env['TERM'] ?? 'xterm' } : {}), ...variables(flags.env) },
      ...(flags.user === undefined ? {} : { user: flags.user }),
      ...(flags.workdir === undefined ? {} : { workdir: flags.workdir }),
    };
    const session = await client.exec(target.app, start, { signal: shell.signal });
    return await carry(
      session,
      { stdin, raw: tty && shell.input.isTerminal, resizes: tty && shell.out.isTerminal },
      shell,
    );
  },
});

/** Carries bytes both ways until the command ends; the terminal is raw meanwhile and is given back whatever happens. */
async function carry(
  session: ExecSession,
  { stdin, raw, resizes }: { readonly stdin: boolean; readonly raw: boolean; readonly resizes: boolean },
  shell: Shell,
): Promise<number> {
  const input = shell.input.stream;
  if (raw) input.setRawMode(true);
  if (stdin) void feed(session, shell);
  const resize = (): void => session.resize(sizeOf(shell));
  if (resizes) process.stdout.on('resize', resize);
  try {
    for await (const { fd, data } of session.output) {
      await written(fd === 1 ? process.stdout : process.stderr, data);
    }
    return await session.ended;
  } finally {
    process.stdout.off('resize', resize);
    if (raw) input.setRawMode(false);
    if (stdin) input.destroy();
  }
}

async function feed(session: ExecSession, shell: Shell): Promise<void> {
  try {
    for await (const chunk of shell.input.stream) await session.write(Buffer.from(chunk as Buffer));
  } catch {
    // the terminal went away, or the command ended first: its own end tells the rest
  }
  session.endStdin();
}

/** What a screen can be: a terminal that tells nonsense gets the usual size. */
function sizeOf({ out }: Shell): TerminalSize {
  const side = (value: number, otherwise: number): number =>
    Number.isInteger(value) && value > 0 && value < 10_000 ? value : otherwise;
  return { rows: side(out.rows(), 24), columns: side(out.columns(), 80) };
}

function written(stream: NodeJS.WriteStream, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (stream.write(data)) resolve();
    else stream.once('drain', resolve);
  });
}

function variables(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1) {
        throw new BallastError('usage', `-e needs KEY=VALUE, not "${pair}"`);
      }
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
