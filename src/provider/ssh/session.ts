import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError, type ErrorDetail } from '#base/errors.ts';
import { type Executed, exec, tail } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import { quoteAll } from './quote.ts';
import { type SshTarget, showTarget } from './target.ts';

export interface SshOptions {
  /** Directory for the file of known host keys. Kept: a machine's key must not change. */
  readonly stateDir: string;
  /** Directory for sockets of open connections. Its path must be short, at most 60 characters. */
  readonly runDir: string;
  /** A private key; absent: those that ssh finds and its agent offers. */
  readonly identity?: string;
  /** Set for a local machine: the link by which it must be reached. */
  readonly link?: string;
  readonly signal: AbortSignal;
}

export interface SshSession {
  readonly target: SshTarget;
  /** Runs a POSIX shell script on the machine as root and answers with its output; throws when it fails. */
  script(
    text: string,
    how?: { readonly timeoutMs?: number; readonly onLine?: (line: string) => void },
  ): Promise<string>;
  /** Runs a command on the machine as root, with a file of this computer as its standard input. */
  send(file: string, command: readonly string[]): Promise<void>;
  /** As `script`, but as the user who logged in, and whatever its exit code is. */
  tryScript(text: string): Promise<Executed>;
  [Symbol.asyncDispose](): Promise<void>;
}

const connectTimeoutS = 10;
const sendTimeoutMs = 15 * 60_000;

/** Opens nothing yet: the first command connects, later ones share the connection until the session is disposed. */
export async function openSession(target: SshTarget, options: SshOptions): Promise<SshSession> {
  if (options.link !== undefined) await guardLink(target.host, options.link);
  for (const dir of [options.stateDir, options.runDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  // A name of its own: two sessions must not end each other's connection, nor log in with each other's key.
  const control = join(options.runDir, randomBytes(6).toString('hex'));
  const asRoot = target.user === 'root' ? [] : ['sudo', '-n'];
  const { signal } = options;
  const call = async (command: readonly string[], how: Parameters<typeof exec>[1]): Promise<Executed> => {
    const result = await exec(sshArgv(target, { ...options, control }, command), { signal, ...how });
    if (result.code === 255 && isSshFailure(result.stderr))
      throw await connectError(target, { ...options, control }, result.stderr);
    return result;
  };
  return {
    target,
    script: async (text, how = {}) =>
      succeeded(target, await call([...asRoot, 'sh', '-s'], { input: text, ...how })),
    send: async (file, command) => {
      succeeded(target, await call([...asRoot, ...command], { inputFile: file, timeoutMs: sendTimeoutMs }));
    },
    tryScript: (text) => call(['sh', '-s'], { input: text }),
    [Symbol.asyncDispose]: async () => {
      // Whatever the signal says: the connection must not outlive the session.
      await exec(sshArgv(target, { ...options, control }, [], ['-O', 'exit']), { timeoutMs: 5_000 }).catch(
        () => {},
      );
    },
  };
}

/** The command line of `ssh` that runs a command on the target without ever asking a question. */
export function sshArgv(
  target: SshTarget,
  options: Pick<SshOptions, 'stateDir' | 'identity'> & { readonly control: string },
  command: readonly string[],
  extra: readonly string[] = [],
): string[] {
  return [
    'ssh',
    ...extra,
    ...settings({
      BatchMode: 'yes',
      ConnectTimeout: String(connectTimeoutS),
      ServerAliveInterval: '5',
      ServerAliveCountMax: '3',
      StrictHostKeyChecking: 'accept-new',
      UserKnownHostsFile: join(options.stateDir, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      LogLevel: extra.includes('-v') ? 'DEBUG1' : 'ERROR',
      ControlMaster: 'auto',
      ControlPath: options.control,
      ControlPersist: '60',
      ...(options.identity === undefined ? {} : { IdentityFile: options.identity, IdentitiesOnly: 'yes' }),
    }),
    ...['-p', String(target.port), '-l', target.user, '--', target.host],
    ...(command.length > 0 ? [quoteAll(command)] : []),
  ];
}

const settings = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['-o', `${name}=${value}`]);

function succeeded(target: SshTarget, { code, stdout, stderr }: Executed): string {
  if (code === 0) return stdout;
  throw new BallastError('command-failed', `a step on ${showTarget(target)} failed with exit code ${code}`, {
    log: tail(stderr || stdout),
  });
}

/** What ssh itself says when there is no connection; a remote command that exits with 255 says something else. */
const isSshFailure = (stderr: string): boolean =>
  /^(ssh: |kex_exchange|Connection |@@@@|Host key verification|.*Permission denied \(|.*port \d+: |mux_client)/m.test(
    stderr,
  );

async function connectError(
  target: SshTarget,
  options: SshOptions & { control: string },
  stderr: string,
): Promise<BallastError> {
  const where = showTarget(target);
  const { code, detail } = explainSshFailure(target, options, stderr);
  if (code !== 'forbidden') return new BallastError(code, `${where} cannot be reached by ssh`, detail);
  // Once more, to learn which keys it offers.
  const again = await exec(sshArgv(target, options, ['true'], ['-v', '-S', 'none']), {
    signal: options.signal,
    timeoutMs: 30_000,
  });
  const keys = offeredKeys(again.stderr);
  return new BallastError(code, `${target.host} refuses ${target.user}`, {
    ...detail,
    why: keys.length > 0 ? `it accepts none of the keys ${keys.join(', ')}` : 'there was no key to offer',
  });
}

/** What a failure to connect means and what to do about it. */
export function explainSshFailure(
  { user, host, port }: SshTarget,
  { stateDir }: Pick<SshOptions, 'stateDir'>,
  stderr: string,
): { code: 'unreachable' | 'forbidden'; detail: ErrorDetail } {
  const log = tail(stderr);
  const at = (why: string, fix: string) => ({ code: 'unreachable' as const, detail: { why, fix, log } });
  if (/Permission denied \(|Too many authentication failures/.test(stderr)) {
    const fix = `let your key in: ssh-copy-id -p ${port} ${user}@${host}; or name another user or key`;
    return { code: 'forbidden', detail: { fix, log } };
  }
  if (/IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr)) {
    const name = port === 22 ? host : `[${host}]:${port}`;
    return at(
      'its host key is not the one it had before: it was installed anew, or something answers in its place',
      `if you know why, forget the old key: ssh-keygen -R '${name}' -f ${join(stateDir, 'known_hosts')}`,
    );
  }
  if (/Connection refused/.test(stderr)) {
    return at(`nothing listens on port ${port}`, 'start sshd there, or give its port: user@host:port');
  }
  if (/Could not resolve hostname/.test(stderr))
    return at(`the name ${host} is not known`, 'give its address');
  if (/timed out|No route to host|Network is unreachable/.test(stderr)) {
    return at('it does not answer', 'check that the machine is on and that a firewall lets port 22 through');
  }
  return at('the connection ended', `try it by hand: ssh -p ${port} ${user}@${host}`);
}

/** The keys that ssh offered, from its output with `-v`. */
export const offeredKeys = (stderr: string): string[] => [
  ...new Set([...stderr.matchAll(/^debug1: Offering public key: (\S+) /gm)].map((match) => match[1] ?? '')),
];
