import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Manifest, Resource, ResourceKind } from '#compile/manifest.ts';
import { placeOf } from '#converge/kinds.ts';
import { parseEntry, textOf } from '#host/journal.ts';
import { startProcess } from '#host/process.ts';
import { quadletDirectory, quadletName, unitOf } from '#host/quadlet.ts';

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Something of these kinds may have changed; at this place alone, when that is known. */
  readonly onDirty: (kinds: readonly ResourceKind[], place?: string) => void;
  readonly onHealth: (container: string, status: string) => void;
  readonly onExit: (container: string, exitCode: number) => void;
}

/** Hears of changes on the machine as they happen. What it misses, the next sweep finds. */
export interface Watch {
  /** What to listen for from now on. */
  readonly follow: (manifest: Manifest) => void;
}

export async function startWatch(options: WatchOptions): Promise<Watch> {
  const { signal, onDirty } = options;
  const watchers = new Map<string, FSWatcher>();
  let files = new Set<string>();
  let units: Units = new Map();
  let hearsFirewall = false;
  await mkdir(quadletDirectory, { recursive: true });
  keepRunning(
    journalCommand,
    journalReader(options, () => units),
    signal,
  );
  signal.addEventListener('abort', () => {
    for (const watcher of watchers.values()) watcher.close();
  });

  function listen(directory: string, onFile: (name: string) => void): void {
    if (watchers.has(directory) || signal.aborted) return;
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => onFile(name ?? ''));
      const drop = () => {
        watcher.close();
        watchers.delete(directory);
      };
      watcher.on('error', drop);
      watchers.set(directory, watcher);
    } catch {
      // It is not there yet; it is listened to once it is.
    }
  }

  const onQuadlet = (file: string): void => {
    const name = quadletName(file);
    if (name !== undefined) onDirty(['container'], `container ${name}`);
  };
  listen(quadletDirectory, onQuadlet);

  return {
    follow({ resources }) {
      // Again each time: a directory may have been away, or too many may have been listening.
      listen(quadletDirectory, onQuadlet);
      units = new Map(resources.flatMap((resource) => unitOfResource(resource)));
      files = new Set(resources.flatMap((resource) => ('path' in resource ? [resource.path] : [])));
      for (const directory of new Set([...files].map((path) => dirname(path)))) {
        listen(directory, (name) => {
          if (files.has(`${directory}/${basename(name)}`)) onDirty(['directory', 'file']);
        });
      }
      const firewall = resources.find(({ kind }) => kind === 'firewall');
      if (!firewall || hearsFirewall) return;
      hearsFirewall = true;
      keepRunning(['nft', 'monitor', 'ruleset'], () => onDirty(['firewall'], placeOf(firewall)), signal);
    },
  };
}

/** Whose units they are. */
type Units = ReadonlyMap<string, Resource>;

const unitOfResource = (resource: Resource): [string, Resource][] => {
  if (resource.kind === 'container') return [[unitOf(resource.name), resource]];
  return resource.kind === 'unit' ? [[resource.name, resource]] : [];
};

/** Messages of process 1 about units and of podman about containers, images and volumes; only new ones. */
const journalCommand: readonly string[] = [
  ...['journalctl', '--follow', '--lines=0', '--quiet', '--output=json'],
  '--output-fields=UNIT,PODMAN_TYPE,PODMAN_EVENT,PODMAN_NAME,PODMAN_HEALTH_STATUS,PODMAN_EXIT_CODE',
  ...['_PID=1', '+', 'PODMAN_EVENT=health_status', 'PODMAN_EVENT=died'],
  ...['+', 'PODMAN_TYPE=image', '+', 'PODMAN_TYPE=volume'],
];

function journalReader(
  { onDirty, onHealth, onExit }: WatchOptions,
  units: () => Units,
): (line: string) => void {
  return (line) => {
    const entry = parseEntry(line);
    if (entry === undefined) return;
    const unit = textOf(entry, 'UNIT');
    if (unit !== '') {
      const resource = units().get(unit);
      if (resource) onDirty([resource.kind], placeOf(resource));
      return;
    }
    const name = textOf(entry, 'PODMAN_NAME');
    switch (textOf(entry, 'PODMAN_EVENT')) {
      case 'health_status':
        return onHealth(name, textOf(entry, 'PODMAN_HEALTH_STATUS'));
      case 'died':
        return onExit(name, Number(textOf(entry, 'PODMAN_EXIT_CODE')));
      case 'remove':
      case 'untag':
        return onDirty([textOf(entry, 'PODMAN_TYPE') === 'volume' ? 'volume' : 'image']);
    }
  };
}

/** Starts a listening program again when it ends, at most once in two seconds. */
function keepRunning(argv: readonly string[], onLine: (line: string) => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const running = startProcess(argv, { onLine });
  const stop = () => running.kill();
  signal.addEventListener('abort', stop);
  void running.done.then(() => {
    signal.removeEventListener('abort', stop);
    setTimeout(() => keepRunning(argv, onLine, signal), 2_000).unref();
  });
}
