import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { type ExecOptions, type Executed, exec, tail } from '#host/exec.ts';
import { type BuildStorage, buildStorage } from '#host/images/storage.ts';
import { createLocalProvider, type LocalProvider } from '#provider/local/local.ts';

const serverMs = 60_000;
const downMs = 120_000;

export interface LocalFleetOptions {
  /** Also the name of its context. Keep it short: links and cgroups are named after it. */
  readonly name: string;
  /** Absolute path of a folder that holds all that the fleet leaves on this computer. */
  readonly home: string;
  /** Base images and what else may be shared between fleets. */
  readonly cache: string;
  /** Absolute path of the executable. */
  readonly executable: string;
  /** Network of the machines, for example `10.90.0.0/24`. */
  readonly network: string;
  readonly machines: number;
  readonly port: number;
  /** What carries traffic between machines. Absent: the default. */
  readonly mesh?: 'wireguard' | 'none';
  /** Keeps its context in a file of its own, so that the user's contexts are left alone. */
  readonly ownConfig?: boolean;
  readonly size?: { readonly cpus?: number; readonly memory?: string };
}

/** A fleet of local machines with its own server on this computer, as demo, tests and benches use it. */
export interface LocalFleet {
  readonly options: LocalFleetOptions;
  readonly fleetFile: string;
  readonly provider: LocalProvider;
  /** Runs the command line as a user of this fleet would. */
  ballast(words: readonly string[], options?: ExecOptions): Promise<Executed>;
  /** Starts the server unless it runs already, from the executable as it is now; resolves when it answers. */
  startServer(signal?: AbortSignal): Promise<void>;
  /** Ends the server by a signal and waits until it is gone. */
  stopServer(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** PID of the server, when it runs. */
  serverPid(): number | undefined;
  /** Ends everything and removes every trace. */
  down(signal?: AbortSignal): Promise<void>;
}

export function localFleet(options: LocalFleetOptions): LocalFleet {
  const { name, home, executable } = options;
  const data = join(home, 'server');
  const fleetFile = join(home, 'fleet.yaml');
  const pidFile = join(home, 'server.pid');
  const logFile = join(home, 'server.log');
  const admin = join(data, 'admin.json');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(fleetFile, fleetText(options));
  const provider = createLocalProvider({
    fleet: name,
    stateDir: join(data, 'machines'),
    cacheDir: options.cache,
    network: options.network,
    self: [executable],
  });

  const serverPid = (): number | undefined => {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : Number.NaN;
    return pid > 0 && isOurs(pid, executable) ? pid : undefined;
  };
  const ballast = (words: readonly string[], more: ExecOptions = {}): Promise<Executed> =>
    exec([executable, ...words], {
      timeoutMs: 300_000,
      ...more,
      env: {
        BALLAST_CONTEXT: name,
        ...(options.ownConfig ? { BALLAST_CONFIG: join(home, 'config.yaml') } : {}),
        ...more.env,
      },
    });

  return {
    options,
    fleetFile,
    provider,
    ballast,
    serverPid,
    async startServer(signal) {
      const inTime = bounded(serverMs, signal);
      const running = serverPid();
      if (running !== undefined && runsAnother(running, executable)) await this.stopServer();
      if (serverPid() === undefined) {
        const log = openSync(logFile, 'a', 0o600);
        const words = [
          'server',
          '--data',
          data,
          '--fleet',
          fleetFile,
          '--listen',
          `127.0.0.1:${options.port}`,
        ];
        const child = spawn(executable, words, {
          detached: true,
          stdio: ['ignore', log, log],
          env: { ...process.env, BALLAST_CACHE: options.cache },
        });
        closeSync(log);
        child.unref();
        writeFileSync(pidFile, String(child.pid));
      }
      await ready({ pid: serverPid, admin, logFile, port: options.port }, inTime);
      const added = await ballast(['context', 'add', name, '--from', admin], { signal: inTime });
      if (added.code !== 0) throw failed('the context could not be added', added);
    },
    async stopServer(how = 'SIGTERM') {
      const pid = serverPid();
      if (pid !== undefined) {
        process.kill(pid, how);
        for (let wait = 0; wait < 200 && isOurs(pid, executable); wait += 1) await sleep(50);
        if (isOurs(pid, executable)) process.kill(pid, 'SIGKILL');
      }
      rmSync(pidFile, { force: true });
    },
    async down(signal) {
      const inTime = bounded(downMs, signal);
      await this.stopServer();
      await provider.downAll(inTime);
      await removeRunFiles(buildStorage(options.cache), inTime);
      if (existsSync(executable)) await ballast(['context', 'rm', name, '--yes'], { signal: inTime });
      rmSync(home, { recursive: true, force: true });
      removeIfEmpty(dirname(home));
    },
  };
}

/** Ends at the caller's signal, or when it takes longer than it ever should. */
const bounded = (ms: number, signal?: AbortSignal): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(ms), ...(signal ? [signal] : [])]);

/** What builds leave in /run goes with the last fleet that might build; while someone builds, it stays. */
async function removeRunFiles({ lock, runRoot }: BuildStorage, signal: AbortSignal): Promise<void> {
  if (existsSync(lock)) {
    const alone = ['flock', '--exclusive', '--nonblock', '--no-fork', lock];
    await exec([...alone, 'rm', '-rf', '--one-file-system', '--', runRoot], { signal });
  }
  removeIfEmpty(dirname(runRoot));
  removeIfEmpty(dirname(dirname(runRoot)));
}

function removeIfEmpty(dir: string): void {
  if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function fleetText({ name, network, machines, size, mesh }: LocalFleetOptions): string {
  const sizes = size
    ? `, size: { ${[size.cpus && `cpus: ${size.cpus}`, size.memory && `memory: ${size.memory}`].filter(Boolean).join(', ')} }`
    : '';
  return `fleet: ${name}
machines:
  app: { provider: local, count: ${machines}${sizes} }
network: { machines: ${network}${mesh ? `, mesh: ${mesh}` : ''} }
`;
}

/** Whether the process is the one we started, and not another that got its number. */
function isOurs(pid: number, executable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] === executable;
  } catch {
    return false;
  }
}

/** Whether the executable was made anew since the process was started. */
function runsAnother(pid: number, executable: string): boolean {
  try {
    const [running, there] = [statSync(`/proc/${pid}/exe`), statSync(executable)];
    return running.ino !== there.ino || running.dev !== there.dev;
  } catch {
    return false; // one of them is gone
  }
}

interface Awaited {
  readonly pid: () => number | undefined;
  readonly admin: string;
  readonly logFile: string;
  readonly port: number;
}

/** Waits until the server has written its admin file and answers; says what its log shows when it ends instead. */
async function ready({ pid, admin, logFile, port }: Awaited, signal: AbortSignal): Promise<void> {
  const { Agent, get } = await import('node:https');
  const agent = new Agent({ rejectUnauthorized: false });
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const request = get({ host: '127.0.0.1', port, path: '/livez', agent, timeout: 2_000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('error', () => resolve(false));
      request.on('timeout', () => request.destroy());
    });
  try {
    while (!(existsSync(admin) && (await answers()))) {
      if (signal.reason instanceof BallastError) throw signal.reason;
      if (pid() === undefined || signal.aborted) {
        throw new BallastError('no-server', 'the server did not start', {
          why: pid() === undefined ? 'it ended' : `it does not answer after ${serverMs / 1000} s`,
          fix: `read ${logFile}`,
          log: existsSync(logFile) ? tail(readFileSync(logFile, 'utf8')) : [],
        });
      }
      await changed(logFile, 100);
    }
  } finally {
    agent.destroy();
  }
}

/** Resolves when the file is written to, or after `atMostMs`. */
function changed(file: string, atMostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(file);
    const end = (): void => {
      clearTimeout(timer);
      watcher.close();
      resolve();
    };
    const timer = setTimeout(end, atMostMs);
    watcher.once('change', end);
  });
}

export function failed(what: string, { stdout, stderr }: Executed): BallastError {
  return new BallastError('command-failed', what, { log: tail(stderr || stdout, 20) });
}
