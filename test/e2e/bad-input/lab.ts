import { spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { must } from '#base/assert.ts';
import { type Executed, run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable, projectRoot } from '#scripts/fleet/places.ts';
import type { ReplicaView } from '#wire/views.ts';
import { ask } from '../support/ask.ts';
import { httpHealth, oneService, type Row } from './row.ts';

/** One fleet on which all mistakes are made, with an app that none of them may harm. */
export interface Lab {
  readonly fleet: LocalFleet;
  /** File of the fleet's context, apart from those of the user. */
  readonly config: string;
  /** Runs a command as a user would, in a folder of its own that holds the files and the test app. */
  readonly type: (
    row: Pick<Row, 'files' | 'words' | 'input' | 'env'>,
    onLine?: (line: string) => void,
  ) => Promise<Executed>;
  /** The same, with a signal sent as soon as it prints something. */
  readonly interrupt: (
    row: Pick<Row, 'files' | 'words'>,
    at: RegExp,
    signal: NodeJS.Signals,
  ) => Promise<Executed>;
  /** What runs where, of all apps or of one: equal answers mean that nothing was touched. */
  readonly running: (app?: string) => Promise<readonly string[]>;
  readonly apps: () => Promise<readonly string[]>;
  /** Whether the app that was there before answers on every machine. */
  readonly keeps: () => Promise<boolean>;
  readonly inside: (machine: string, ...argv: string[]) => Promise<string>;
  /** Command lines of processes that commands which were interrupted have left behind. */
  readonly strays: () => readonly string[];
  readonly down: () => Promise<void>;
}

/** A variable that only commands which are interrupted have, and what they start. */
const mark = 'BALLAST_TEST_INTERRUPTED';
const patient = AbortSignal.timeout(10 * 60_000);
export const keepPort = 8081;

export async function startLab(): Promise<Lab> {
  await ensureBaseImages(['python:trixie'], () => {}, { signal: patient });
  const home = join(data, 'bad');
  const scratch = mkdtempSync(join(tmpdir(), 'ballast-bad-'));
  const program = keepExecutable(scratch);
  const fleet = localFleet({
    ...{ name: 'bad', home, cache, executable: program, network: '10.74.0.0/24', machines: 2, port: 7704 },
    ...{ ownConfig: true, size: { cpus: 2, memory: '1G' } },
  });
  const lab = labOf(fleet, join(home, 'config.yaml'), scratch);
  try {
    await fleet.provider.prepare(() => {}, patient);
    await fleet.startServer(patient);
    succeeded(await fleet.ballast(['deploy', '-f', fleet.fleetFile]));
    const compose = oneService('keep', `ports: ["${keepPort}:8080"]`, httpHealth);
    succeeded(await lab.type({ words: ['deploy'], files: { 'compose.yaml': compose } }));
    return lab;
  } catch (cause) {
    await lab.down();
    throw cause;
  }
}

export function succeeded(done: Executed): Executed {
  if (done.code !== 0) throw new Error(`exit code ${done.code}:\n${done.stdout}${done.stderr}`);
  return done;
}

/** The executable under a name of our own: a build during the test does not change what is tested. */
function keepExecutable(folder: string): string {
  const path = join(folder, 'ballast');
  try {
    linkSync(executable, path);
  } catch {
    copyFileSync(executable, path);
  }
  return path;
}

function labOf(fleet: LocalFleet, config: string, scratch: string): Lab {
  let folders = 0;

  function folderOf(files: Row['files'] = {}): string {
    folders += 1;
    const folder = join(scratch, String(folders));
    cpSync(join(projectRoot, 'test/e2e/app'), folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  async function replicas(): Promise<readonly ReplicaView[]> {
    const { stdout } = succeeded(await fleet.ballast(['ps', '--json']));
    return (JSON.parse(stdout) as { replicas: readonly ReplicaView[] }).replicas;
  }

  return {
    fleet,
    config,
    async type({ files, words, input = '', env = {} }, onLine) {
      const options = { cwd: folderOf(files), input, env, ...(onLine ? { onLine } : {}) };
      return await fleet.ballast(words, options);
    },
    async interrupt({ files, words }, at, signal) {
      const child = spawn(fleet.options.executable, words, {
        cwd: folderOf(files),
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, BALLAST_CONTEXT: fleet.options.name, BALLAST_CONFIG: config, [mark]: 'yes' },
        timeout: 60_000,
      });
      let stderr = '';
      let sent = false;
      must(child.stderr, 'stderr').on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
        if (!sent && at.test(stderr)) sent = child.kill(signal);
      });
      const code = await new Promise<number>((resolve) => child.once('close', (it) => resolve(it ?? 137)));
      return { code, stdout: '', stderr };
    },
    async running(app) {
      const own = (await replicas()).filter((replica) => app === undefined || replica.app === app);
      return own.map(
        ({ id, machine, report }) => `${id} on ${machine}: ${report?.state}, ${report?.restarts} restarts`,
      );
    },
    async apps() {
      const { stdout } = succeeded(await fleet.ballast(['ls', '-o', 'name']));
      return stdout.split('\n').filter((name) => name !== '');
    },
    async keeps() {
      const answers = await Promise.all(
        ['10.74.0.1', '10.74.0.2'].map((host) => ask({ host, port: keepPort, path: '/healthz' })),
      );
      return answers.every(({ status }) => status === 200);
    },
    inside: async (machine, ...argv) =>
      await run([...(await fleet.provider.inside(machine, patient)), ...argv], { signal: patient }),
    strays: () => processesWith(`${mark}=yes`),
    async down() {
      await fleet.down();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** Command lines of processes that have a variable in their environment, this one and those it waits for apart. */
function processesWith(variable: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const has = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
        return has ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()] : [];
      } catch {
        return []; // it ended meanwhile
      }
    });
}
