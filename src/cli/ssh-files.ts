import { chmod, mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { run } from '#host/exec.ts';
import type { CertificateAnswer, ReachableMachine } from '#wire/access-views.ts';
import type { Client } from '#wire/client.ts';
import type { Input } from '#wire/operations.ts';
import { contextFilePath } from './context-file.ts';
import type { Shell } from './shell.ts';

/** Where a context's key, certificate and ssh configuration are. */
export const sshFolderOf = (shell: Pick<Shell, 'env'>, context: string): string =>
  join(dirname(contextFilePath(shell)), 'ssh', context);

/** Removes them: nobody needs the key of a fleet that is forgotten. */
export async function removeSshFiles(shell: Pick<Shell, 'env'>, context: string): Promise<void> {
  if (!/^\w[\w.-]*$/.test(context)) return; // such a name has no folder
  const folder = sshFolderOf(shell, context);
  await rm(folder, { recursive: true, force: true });
  await rmdir(dirname(folder)).catch(() => undefined); // other contexts may have theirs
}

export interface SshFiles {
  readonly answer: CertificateAnswer;
  /** For `ssh -F`, and for an `Include` line. */
  readonly config: string;
}

export interface Wish extends Omit<Input<'issueCertificate'>, 'publicKey'> {
  /** A public key that is there already; absent: a fresh one, for this certificate only. */
  readonly keyFile?: string;
}

/**
 * Asks for a certificate and writes, into a folder for its owner alone, all that plain `ssh` needs: key, certificate,
 * whom to believe and a configuration. The private key never leaves this computer.
 */
export async function fetchCertificate(
  client: Client,
  { folder, context }: { readonly folder: string; readonly context: string },
  { keyFile, ...wish }: Wish,
  shell: Shell,
): Promise<SshFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  // What is there stays as it is, and fits together, until the server has said yes.
  const draft = await mkdtemp(join(folder, 'draft-'));
  try {
    const own = keyFile === undefined;
    const publicFile = own ? await freshKey(draft, context) : resolve(shell.cwd, keyFile);
    const publicKey = (await readPublicKey(publicFile)).trim();
    const answer = await client.call('issueCertificate', { ...wish, publicKey }, { signal: shell.signal });
    const files = {
      key: own ? join(folder, 'id') : publicFile.replace(/\.pub$/, ''),
      certificate: join(folder, 'id-cert.pub'),
      knownHosts: join(folder, 'known_hosts'),
    };
    const texts = {
      'id-cert.pub': `${answer.certificate}\n`,
      known_hosts: `@cert-authority * ${answer.hostAuthority}\n`,
      config: sshConfigText(answer, files, context),
    };
    for (const [name, text] of Object.entries(texts)) {
      await writeFile(join(draft, name), text, { mode: 0o600, flag: 'wx' });
    }
    for (const name of [...(own ? ['id', 'id.pub'] : []), ...Object.keys(texts)]) {
      await rename(join(draft, name), join(folder, name));
    }
    return { answer, config: join(folder, 'config') };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function freshKey(folder: string, context: string): Promise<string> {
  const key = join(folder, 'id');
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `ballast ${context}`, '-f', key], {
    timeoutMs: 20_000,
  });
  return `${key}.pub`;
}

async function readPublicKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new BallastError('usage', `the public key ${path} cannot be read`, {
      cause,
      fix: 'name the file that ends in .pub',
    });
  }
}

interface Files {
  readonly key: string;
  readonly certificate: string;
  readonly knownHosts: string;
}

/** What ssh has to know: machines by name, whom to believe, and what to show. It asks no question about either. */
export function sshConfigText(answer: CertificateAnswer, files: Files, context: string): string {
  const { machines, serial, who } = answer;
  const { key, certificate } = files;
  const kind = answer.certificate.split(' ')[0] ?? '';
  const names = machines.flatMap(({ name }) => [name, `${name}.${context}`]);
  const until = new Date(answer.expiresAt).toISOString();
  const head = `# Certificate ${serial} of ${who}, good until ${until}. Written anew by: ballast access cert\n`;
  if (names.length === 0) return head;
  // Beside its key the certificate is found by its name, and the bare key need not be offered at all: sshd would
  // count it as a failure. ssh finds the key of a certificate elsewhere only among those that it may offer.
  const beside = certificate === `${key}-cert.pub`;
  const certificateLine = beside
    ? `  PubkeyAcceptedAlgorithms ${kind}`
    : `  CertificateFile ${quoted(certificate)}`;
  return `${head}${machines.map((machine) => machineText(machine, context)).join('')}
Host ${names.join(' ')}
  IdentityFile ${quoted(key)}
${certificateLine}
  IdentitiesOnly yes
  UserKnownHostsFile ${quoted(files.knownHosts)}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
`;
}

function machineText({ name, address, port, accounts }: ReachableMachine, context: string): string {
  return `
Host ${name} ${name}.${context}
  HostName ${address}
  HostKeyAlias ${name}
  Port ${port}
  User ${usualAccount(accounts)}
`;
}

/** The account one is unless another is named: root only when there is no other. */
export const usualAccount = (accounts: readonly string[]): string =>
  accounts.find((account) => account !== 'root') ?? 'root';

/** ssh reads percent signs in file names as signs for something else. */
const quoted = (path: string): string => `"${path.replaceAll('%', '%%')}"`;
