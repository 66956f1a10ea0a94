import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { must } from '#base/assert.ts';
import { exec } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { ReplicaView } from '#wire/views.ts';
import { eventually } from '../support/ask.ts';

export const machines = ['app-1', 'app-2', 'app-3'];

export interface Load {
  /** Ends it, and answers with what it saw. */
  readonly end: () => Promise<Outcome>;
}

export interface Outcome {
  readonly asked: number;
  readonly answered: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** Seconds. */
  readonly slowest: number;
}

export interface Failure {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly until: number;
  /** On a connection of its own. */
  readonly fresh: boolean;
  readonly why: string;
}

/** Three machines with an app whose replicas, and whose clients, are on all of them. */
export interface NetworkLab {
  readonly fleet: LocalFleet;
  readonly ballast: (...words: string[]) => Promise<string>;
  /** What a shell line prints on a machine, whatever its exit code. */
  readonly on: (machine: string, line: string) => Promise<string>;
  readonly inside: (container: string, ...argv: string[]) => Promise<string>;
  /** Where each replica is, by its id. */
  readonly places: () => ReadonlyMap<string, ReplicaView>;
  /** Starts asking, from a container. */
  readonly load: (container: string, how: LoadOptions) => Promise<Load>;
  /** What a machine's name server says to a name. */
  readonly names: (machine: string, name: string) => Promise<readonly string[]>;
  readonly down: () => Promise<void>;
}

export interface LoadOptions {
  readonly name: string;
  readonly mode: 'new' | 'keep';
  readonly host: string;
  readonly port: number;
  readonly timeoutS: number;
}

const compose = `name: shop
x-probe: &probe
  health: { path: /healthz, port: 8080, interval: 500ms, timeout: 5s, retries: 2 }
services:
  web:
    build: ./box
    ports: ["8080:8080"]
    stop_grace_period: 3s
    deploy: { replicas: 3 }
    x-ballast: *probe
  peer:
    build: ./box
    deploy: { replicas: 3, endpoint_mode: dnsrr }
    x-ballast: *probe
  client:
    build: ./box
    deploy: { replicas: 3 }
`;

export async function startNetworkLab(signal: AbortSignal): Promise<NetworkLab> {
  let fleet = localFleet({
    ...{ name: 'net', home: join(data, 'net'), cache, executable, ownConfig: true },
    ...{ network: '10.72.0.0/24', machines: 3, port: 7725 },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  const ballast = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await fleet.ballast(words, { signal });
    expect(code, `ballast ${words.join(' ')}: ${stderr}`).toBe(0);
    return stdout;
  };
  const on = async (machine: string, line: string): Promise<string> => {
    const argv = [...(await fleet.provider.inside(machine, signal)), 'sh', '-c', line];
    const { stdout, stderr } = await exec(argv, { signal, timeoutMs: 60_000 });
    return (stdout + stderr).trim();
  };
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await ballast('deploy', '-f', fleet.fleetFile);
  const folder = join(fleet.options.home, 'shop');
  await mkdir(join(folder, 'box'), { recursive: true });
  for (const name of ['Containerfile', 'server.py', 'load.py'])
    await exec(['cp', join(import.meta.dirname, name), join(folder, 'box', name)]);
  await writeFile(join(folder, 'compose.yaml'), compose);
  await ballast('deploy', '-f', join(folder, 'compose.yaml'));
  const { replicas } = JSON.parse(await ballast('ps', '--json')) as { replicas: readonly ReplicaView[] };
  const places = new Map(replicas.map((one) => [one.id, one]));

  const inside = async (container: string, ...argv: string[]): Promise<string> => {
    const { machine } = must(places.get(container), container);
    const enter = await fleet.provider.inside(machine, signal);
    const all = [...enter, 'podman', 'exec', container, ...argv];
    const { code, stdout, stderr } = await exec(all, { signal, timeoutMs: 400_000 });
    if (code !== 0) throw new Error(`${argv.join(' ')} in ${container}: ${stderr}`);
    return stdout.trim();
  };

  return {
    fleet,
    ballast,
    on,
    inside,
    places: () => places,
    async load(container, { name, mode, host, port, timeoutS }) {
      const words = ['/usr/bin/python3', '/app/load.py', name, mode, host, `${port}`, `${timeoutS}`];
      const running = inside(container, ...words);
      running.catch(() => {});
      await eventually(signal, async () => await exists(() => inside(container, 'cat', `/tmp/runs-${name}`)));
      return {
        async end() {
          await inside(container, '/usr/bin/python3', '-c', `open("/tmp/stop-${name}", "w")`);
          return JSON.parse(await running) as Outcome;
        },
      };
    },
    async names(machine, name) {
      const gateway = `10.91.${machine.at(-1)}.1`;
      const said = await on(machine, `busybox nslookup -type=a ${name} ${gateway} 2>/dev/null`);
      const found = [...said.matchAll(/^Address(?: \d+)?: ([\d.]+)$/gm)].map(([, address]) => address ?? '');
      return found.filter((address) => address !== gateway).sort();
    },
    down: async () => await fleet.down(),
  };
}

const exists = async (look: () => Promise<string>): Promise<boolean> =>
  await look().then(
    () => true,
    () => false,
  );
