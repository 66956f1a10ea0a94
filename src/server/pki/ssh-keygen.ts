import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { type Executed, exec, tail } from '#host/exec.ts';
import { hostPackages } from '#host/host-tools.ts';

export interface SshKeyPair {
  /** OpenSSH's own form, without a passphrase. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment`. */
  readonly publicKey: string;
}

export interface CertificateWish {
  readonly publicKey: string;
  /** Stands in sshd's log. */
  readonly id: string;
  readonly serial: number;
  /** Accounts' principals, or a host's names. */
  readonly principals: readonly string[];
  /** ms since the epoch. */
  readonly from: number;
  readonly until: number;
  readonly kind: 'user' | 'host';
  /** What a person's certificate permits beside running commands. */
  readonly permits?: readonly string[];
}

/** OpenSSH's ssh-keygen, which reads and writes keys as files: they stand in a private folder for the moment. */
export interface SshKeygen {
  readonly makeKey: (comment: string) => Promise<SshKeyPair>;
  /** Signs, and answers with the certificate, one line. Throws `bad-request` for what is no public key. */
  readonly sign: (authority: string, wish: CertificateWish) => Promise<string>;
  /** `SHA256:…` of a public key. */
  readonly fingerprint: (publicKey: string) => Promise<string>;
}

const timeoutMs = 20_000;

/** `folder` is its own; what a crash left in it is removed at the next use. */
export function createSshKeygen(folder: string): SshKeygen {
  let swept: Promise<void> | undefined;

  /** Runs the body with a folder that nobody else can look into, and removes it whatever happens. */
  async function within<T>(body: (place: string) => Promise<T>): Promise<T> {
    swept ??= rm(folder, { recursive: true, force: true });
    await swept;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const place = await mkdtemp(join(folder, 'sign-'));
    try {
      return await body(place);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }

  return {
    makeKey: async (comment) =>
      await within(async (place) => {
        const file = join(place, 'key');
        await keygen(['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
        const [privateKey, publicKey] = await Promise.all([
          readFile(file, 'utf8'),
          readFile(`${file}.pub`, 'utf8'),
        ]);
        return { privateKey, publicKey: publicKey.trim() };
      }),
    sign: async (authority, wish) =>
      await within(async (place) => {
        const [signer, key] = [join(place, 'authority'), join(place, 'key.pub')];
        await writeFile(signer, authority, { mode: 0o600, flag: 'wx' });
        await writeFile(key, `${wish.publicKey}\n`, { mode: 0o600, flag: 'wx' });
        const { code, stderr } = await ran(signArgv(signer, key, wish));
        if (code !== 0) {
          throw new BallastError('bad-request', 'the public key could not be signed', {
            why: 'ssh-keygen does not take it for a public key',
            log: tail(stderr.replaceAll(place, '')),
          });
        }
        return (await readFile(join(place, 'key-cert.pub'), 'utf8')).trim();
      }),
    fingerprint: async (publicKey) =>
      await within(async (place) => {
        const file = join(place, 'key.pub');
        await writeFile(file, `${publicKey}\n`, { mode: 0o600, flag: 'wx' });
        const { stdout } = await keygen(['-l', '-E', 'sha256', '-f', file]);
        return stdout.split(' ')[1] ?? '';
      }),
  };
}

/** The arguments that sign: only what is named is permitted. */
export function signArgv(signer: string, key: string, wish: CertificateWish): readonly string[] {
  const { id, serial, principals, from, until, kind, permits = [] } = wish;
  return [
    ...['-q', '-s', signer, '-I', id, '-z', String(serial), '-n', principals.join(',')],
    ...['-V', `${seconds(from)}:${seconds(until)}`],
    ...(kind === 'host' ? ['-h'] : ['-O', 'clear', ...permits.flatMap((name) => ['-O', name])]),
    key,
  ];
}

/** Seconds since the epoch in the form ssh-keygen reads without regard to time zones. */
const seconds = (ms: number): string => `0x${Math.floor(ms / 1_000).toString(16)}`;

async function keygen(args: readonly string[]): Promise<Executed> {
  const ended = await ran(args);
  if (ended.code === 0) return ended;
  throw new BallastError('command-failed', `ssh-keygen failed with exit code ${ended.code}`, {
    log: tail(ended.stderr || ended.stdout),
  });
}

async function ran(args: readonly string[]): Promise<Executed> {
  try {
    return await exec(['ssh-keygen', ...args], { timeoutMs });
  } catch (cause) {
    if (!(cause instanceof BallastError) || cause.code !== 'missing-tool') throw cause;
    throw new BallastError('missing-tool', 'ssh-keygen is not installed where the server runs', {
      why: 'it signs the certificates that let people log in on machines',
      fix: `install it there: apt-get install ${hostPackages['ssh-keygen']}`,
      cause,
    });
  }
}
