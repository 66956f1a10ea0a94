import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type ExecOptions, type Executed, exec } from '#host/exec.ts';
import { executable } from '#scripts/fleet/places.ts';
import { type RunningServer, startServer } from '#server/main.ts';
import { type Client, createClient } from '#wire/client.ts';
import type { FleetEvent, MachineView } from '#wire/views.ts';
import { eventually } from './ask.ts';

/** A server that makes no machines on this computer: others do, or Incus does. */
export interface JoiningFleet {
  readonly server: RunningServer;
  readonly client: Client;
  /** Runs the command line as a user of this fleet would; answers with its output. */
  readonly ballast: (words: readonly string[], options?: ExecOptions) => Promise<string>;
  readonly tried: (words: readonly string[], options?: ExecOptions) => Promise<Executed>;
  /** Deploys this text as the fleet file. */
  readonly deploy: (text: string, ...flags: readonly string[]) => Promise<void>;
  readonly machine: (name: string) => Promise<MachineView | undefined>;
  /** Waits until the machine is online and holds all it should. */
  readonly upToDate: (name: string) => Promise<MachineView>;
  readonly events: (kind: string) => readonly FleetEvent[];
  readonly close: () => Promise<void>;
}

export async function startJoiningFleet(
  listen: readonly string[],
  signal: AbortSignal,
): Promise<JoiningFleet> {
  const home = mkdtempSync(join(tmpdir(), 'ballast-joining-'));
  const stop = new AbortController();
  const lines: string[] = [];
  const server = await startServer({
    ...{ dataDir: join(home, 'server'), listen, version: 'test', signal: stop.signal },
    local: {
      stateDir: join(home, 'machines'),
      cacheDir: join(home, 'cache'),
      self: [executable],
      executable,
    },
    log: {
      info: (what) => void lines.push(what),
      warn: (what) => void lines.push(what),
      error: (what, cause) => void lines.push(`${what}: ${String(cause)}`),
    },
  });
  const client = createClient(JSON.parse(readFileSync(server.adminFile, 'utf8')));
  const tried = (words: readonly string[], more: ExecOptions = {}): Promise<Executed> =>
    exec([executable, ...words], {
      ...{ timeoutMs: 200_000, signal },
      ...more,
      env: { BALLAST_CONTEXT: 'join', BALLAST_CONFIG: join(home, 'config.yaml'), ...more.env },
    });
  const ballast = async (words: readonly string[], more: ExecOptions = {}): Promise<string> => {
    const { code, stdout, stderr } = await tried(words, more);
    expect(code === 0 ? '' : stderr, `ballast ${words.join(' ')}`).toBe('');
    return stdout;
  };
  await ballast(['context', 'add', 'join', '--from', server.adminFile]);
  const machine = async (name: string): Promise<MachineView | undefined> =>
    (await client.call('listMachines', {})).machines.find((each) => each.name === name);
  return {
    ...{ server, client, ballast, tried, machine },
    async deploy(text, ...flags) {
      const file = join(home, 'fleet.yaml');
      writeFileSync(file, text);
      await ballast(['deploy', '-f', file, ...flags]);
    },
    async upToDate(name) {
      let last: MachineView | undefined;
      await eventually(
        signal,
        async () => {
          last = await machine(name);
          return last?.status === 'online' && last.conformity === 'up-to-date';
        },
        120_000,
      ).catch((cause: unknown) => {
        throw new Error(`${name} is ${JSON.stringify(last)}; ${lines.slice(-20).join('\n')}`, { cause });
      });
      return last as MachineView;
    },
    events: (kind) => server.state.events.after(0).filter((event) => event.kind === kind),
    async close() {
      stop.abort();
      client.close();
      await server.ended.catch(() => {});
      rmSync(home, { recursive: true, force: true });
    },
  };
}
