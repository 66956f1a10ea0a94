import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';

import type { FleetModel } from '#spec/fleet-model.ts';
import type { Connection } from '#wire/connection.ts';
import { type Command, command } from './command.ts';
import type { LoadedFleet } from './load-fleet.ts';
import type { Shell } from './shell.ts';
import { versionText } from './version.ts';

/** What main.ts brings: the other programs are never imported from here. */
export interface AgentProgram {
  readonly runAgent: (options: AgentOptions) => Promise<void>;
  /** Takes this machine out of its fleet from its own side. */
  readonly leaveFleet: (options: AgentOptions) => Promise<void>;
  /** Takes back changes that were not confirmed in time. */
  readonly undoChanges: (options: AgentOptions) => Promise<void>;
}

interface AgentOptions {
  readonly configFile?: string;
  readonly stateDir?: string;
  readonly signal: AbortSignal;
}

/** `ballast agent`, as its systemd unit runs it. */
export function agentCommand(load: () => Promise<AgentProgram>): Command {
  return command({
    details: `Runs on each machine of the fleet as ballast-agent.service; machine add installs it. It holds the machine to its
last manifest, with or without a server, until it is told to end. Containers run on without it.`,
    args: [],
    flags: {
      config: {
        kind: 'text',
        value: 'FILE',
        summary: 'what it was told when it was installed (default: /etc/ballast/agent.json)',
        completes: 'file',
      },
      state: { kind: 'text', value: 'DIR', summary: 'where it keeps its state (default: /var/lib/ballast)' },
      leave: {
        kind: 'switch',
        summary: 'drop all that the fleet put on this machine, and the agent; images and volumes stay',
      },
      undo: {
        kind: 'switch',
        summary: 'take back changes that could cut this machine off and are not confirmed yet',
      },
    },
    examples: [
      { does: 'By hand, to see what it says', line: 'ballast agent' },
      { does: 'Take back the changes that wait to be confirmed, now', line: 'ballast agent --undo' },
      {
        does: 'Clean a machine that was put out of its fleet while it was away',
        line: 'ballast agent --leave',
      },
    ],
    async run({ flags }, shell) {
      const { runAgent, leaveFleet, undoChanges } = await load();
      const program = flags.leave ? leaveFleet : flags.undo ? undoChanges : runAgent;
      await program({
        ...(flags.config === undefined ? {} : { configFile: flags.config }),
        ...(flags.state === undefined ? {} : { stateDir: flags.state }),
        signal: shell.signal,
      });
      return 0;
    },
  });
}

export interface ServerProgram {
  readonly startServer: (options: {
    readonly dataDir: string;
    readonly listen: readonly string[];
    readonly advertise: readonly string[];
    readonly name?: string;
    readonly masterKeyFile?: string;
    readonly local: {
      readonly stateDir: string;
      readonly cacheDir: string;
      readonly self: readonly string[];
      readonly executable: string;
    };
    readonly version: string;
    readonly signal: AbortSignal;
  }) => Promise<RunningServer>;
}

interface RunningServer {
  readonly urls: readonly string[];
  readonly adminFile: string;
  readonly state: { readonly policy: { readonly fleet: FleetModel } };
  readonly ended: Promise<void>;
}

/** `ballast server`, as its systemd unit or a person runs it. */
export function serverCommand(load: () => Promise<ServerProgram>): Command {
  return command({
    details: `Keeps everything in one directory: what people asked for, plans, the fleet's certificate authority, and admin.json,
with which one may do everything. It takes up where it ended. Containers do not need it to run.`,
    args: [],
    flags: {
      data: {
        kind: 'text',
        value: 'DIR',
        summary: 'where it keeps everything (default: /var/lib/ballast-server)',
      },
      listen: {
        kind: 'list',
        value: 'HOST:PORT',
        summary: 'where it listens; may be repeated (default: :7443, on every address)',
      },
      advertise: {
        kind: 'list',
        value: 'HOST',
        summary: 'how machines and people find it, if not where it listens; may be repeated',
      },
      fleet: {
        kind: 'text',
        value: 'FILE',
        summary: 'a fleet file to begin with; not read again once there is a fleet',
        completes: 'file',
      },
      name: { kind: 'text', value: 'NAME', summary: 'its name among the servers of a fleet' },
      'master-key': {
        kind: 'text',
        value: 'FILE',
        summary: 'key that secrets are encrypted with (default: master.key in the data directory)',
        completes: 'file',
      },
    },
    examples: [
      {
        does: 'The control plane of a fleet',
        line: 'ballast server --data /var/lib/ballast-server --advertise 192.0.2.1',
      },
      {
        does: 'Then, to talk to it',
        line: 'ballast context add prod --from /var/lib/ballast-server/admin.json --use',
      },
    ],
    async run({ flags }, shell) {
      const dataDir = resolve(shell.cwd, flags.data ?? '/var/lib/ballast-server');
      const first =
        flags.fleet === undefined ? undefined : await readFleet(resolve(shell.cwd, flags.fleet), shell);
      const { startServer } = await load();
      const running = await startServer({
        dataDir,
        listen: flags.listen.length > 0 ? flags.listen : [':7443'],
        advertise: flags.advertise,
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags['master-key'] === undefined
          ? {}
          : { masterKeyFile: resolve(shell.cwd, flags['master-key']) }),
        local: await localSetting(dataDir, shell),
        version: versionText(),
        signal: shell.signal,
      });
      if (first && Object.keys(running.state.policy.fleet.pools).length === 0)
        await begin(first, running, shell);
      await running.ended;
      return 0;
    },
  });
}

async function readFleet(file: string, shell: Shell): Promise<LoadedFleet> {
  const { loadFleetFile } = await import('./load-fleet.ts');
  return loadFleetFile([file], { quiet: false }, shell);
}

/** Gives a new server its fleet, by the same road that `deploy -f fleet.yaml` takes. */
async function begin(
  { fleet, origins }: LoadedFleet,
  { adminFile }: RunningServer,
  shell: Shell,
): Promise<void> {
  const { createClient } = await import('#wire/client.ts');
  const client = createClient(JSON.parse(await readFile(adminFile, 'utf8')) as Connection);
  try {
    await client.call('applyFleet', { fleet, origins }, { signal: shell.signal });
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    throw new BallastError(error.code, `the fleet file was not accepted: ${error.message}`, error.detail);
  } finally {
    client.close();
  }
}

/** Machines of the provider `local` live below the data directory; what they have in common, in the cache. */
async function localSetting(
  dataDir: string,
  { env }: Shell,
): Promise<Parameters<ServerProgram['startServer']>[0]['local']> {
  const [{ executablePlace, ownCommand }, { cacheDir }] = await Promise.all([
    import('./executable.ts'),
    import('#host/images/storage.ts'),
  ]);
  return {
    stateDir: resolve(dataDir, 'machines'),
    cacheDir: env['BALLAST_CACHE'] || cacheDir(),
    self: ownCommand(),
    executable: executablePlace(),
  };
}
