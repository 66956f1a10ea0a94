import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  agentConfigPath,
  agentStateDir,
  agentUnit,
  agentUnitPath,
  executablePath,
  sharedDirectories,
} from '#base/agent-paths.ts';
import { must } from '#base/assert.ts';
import { showSize } from '#base/size.ts';
import type { Progress, SeedFile } from '#provider/port.ts';
import { quote, quoteAll } from './quote.ts';
import { type RemoteFile, removeScript, stateScript, writeScript } from './scripts.ts';
import type { SshSession } from './session.ts';

export interface InstallOptions {
  /** Directory where compressed copies are kept, for the next machine. */
  readonly cacheDir: string;
  /** Whether large files travel compressed. Absent: when the machine is far enough away for that to be quicker. */
  readonly compress?: boolean;
}

export interface Installed {
  /** Paths that were written; none when all was there already. */
  readonly written: readonly string[];
}

/** Containers may take long to stop, one after another when the machine is slow. */
const leaveTimeoutMs = 10 * 60_000;
/** From this size on a file travels compressed and by itself. */
const largeFromBytes = 1 << 20;
/** A connection that answers within this time is most likely on one network with us: compressing would cost more. */
const nearMs = 3;

/**
 * Puts the agent's files on the machine, those that are not there already, and has it run: enabled, started, and
 * started anew when anything of it changed. Every file appears whole or not at all.
 */
export async function installAgentOverSsh(
  session: SshSession,
  seed: readonly SeedFile[],
  options: InstallOptions,
  progress: Progress,
): Promise<Installed> {
  const wanted = await Promise.all(seed.map(remoteFile));
  const there = parseState(await session.script(stateScript(wanted.map(({ path }) => path))));
  const written = wanted.filter((file) => there.get(file.path) !== file.state);
  for (const file of written.filter(({ source }) => source !== undefined)) {
    progress(`copying ${file.path} (${showSize(statSync(must(file.source, 'source')).size)})`);
    await sendFile(session, file, options);
  }
  const small = written.filter(({ source }) => source === undefined);
  await session.script(writeScript(small, { unit: agentUnit, restart: written.length > 0 }));
  progress(written.length > 0 ? 'the agent runs' : 'the agent is there already');
  return { written: written.map(({ path }) => path) };
}

/**
 * Has the agent drop what it still holds, then takes it off with all that installing it put there; absent is well.
 * Volumes and images stay.
 */
export async function removeAgentOverSsh(session: SshSession): Promise<void> {
  await session.script(
    removeScript(agentUnit, {
      executable: executablePath,
      ledger: `${agentStateDir}/owned.json`,
      paths: [agentUnitPath, agentConfigPath, agentStateDir],
      directories: sharedDirectories,
    }),
    { timeoutMs: leaveTimeoutMs },
  );
}

async function remoteFile({ path, mode, content, copyOf, linkTo }: SeedFile): Promise<RemoteFile> {
  if (linkTo !== undefined) return { path, mode, linkTo, state: `link ${linkTo}` };
  const octal = mode.toString(8);
  if (copyOf !== undefined && statSync(copyOf).size >= largeFromBytes) {
    return { path, mode, source: copyOf, state: `file ${octal} ${await digestOfFile(copyOf)}` };
  }
  const bytes = copyOf === undefined ? Buffer.from(content ?? '') : readFileSync(copyOf);
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { path, mode, base64: bytes.toString('base64'), state: `file ${octal} ${digest}` };
}

/** `path\tstate` lines of the state script. */
function parseState(output: string): Map<string, string> {
  return new Map(
    output
      .split('\n')
      .filter((line) => line.includes('\t'))
      .map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]),
  );
}

async function sendFile(
  session: SshSession,
  file: RemoteFile,
  { cacheDir, compress }: InstallOptions,
): Promise<void> {
  const source = must(file.source, 'source');
  const digest = must(file.state.split(' ')[2], 'digest');
  const small = compress ?? (await roundTripMs(session)) >= nearMs;
  const sent = small ? await compressed(source, digest, cacheDir) : source;
  const fresh = `${file.path}.new`;
  const script = [
    'set -e',
    `mkdir -p ${quote(file.path.slice(0, file.path.lastIndexOf('/')) || '/')}`,
    `${small ? 'gzip -dc' : 'cat'} >${quote(fresh)}`,
    // A connection that breaks off looks like the end of the file.
    `echo ${quote(`${digest}  ${fresh}`)} | sha256sum --check --status`,
    `chmod ${file.mode.toString(8)} ${quote(fresh)}`,
    `mv -fT ${quoteAll([fresh, file.path])}`,
  ].join('\n');
  await session.send(sent, ['sh', '-c', script]);
}

/** The quickest of three empty commands over the connection that is open. */
async function roundTripMs(session: SshSession): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const began = performance.now();
    await session.tryScript('exit 0');
    times.push(performance.now() - began);
  }
  // Starting ssh, a session and a shell takes about this long where there is no distance at all.
  return Math.min(...times) - 25;
}

async function compressed(source: string, digest: string, cacheDir: string): Promise<string> {
  const path = join(cacheDir, `${digest}.gz`);
  if (existsSync(path)) return path;
  mkdirSync(cacheDir, { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  await pipeline(createReadStream(source), createGzip({ level: 1 }), createWriteStream(partial));
  renameSync(partial, path);
  return path;
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
