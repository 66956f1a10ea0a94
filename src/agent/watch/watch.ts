import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Manifest, Resource } from '#compile/manifest.ts';
import { quadletDirectory } from '#host/quadlet.ts';
import { createFileWatch } from './files.ts';
import { createFirewallWatch } from './firewall.ts';
import { interestsOf, unitOfResource } from './interests.ts';
import { type JournalHearers, journalCommand, journalReader } from './journal.ts';
import { keepRunning } from './keep-running.ts';
import { createNetworkWatch } from './network.ts';

export interface WatchOptions extends JournalHearers {
  readonly signal: AbortSignal;
}

/**
 * Hears of changes on the machine as they happen, from the journal, inotify, nft and ip. What it misses (the kernel's
 * modules tell nobody), the next sweep finds.
 */
export interface Watch {
  /** What to listen for from now on. */
  readonly follow: (manifest: Manifest) => void;
  /** Something was put in place: directories that were away may be there. */
  readonly refresh: () => void;
}

export async function startWatch(options: WatchOptions): Promise<Watch> {
  const { signal, onDirty } = options;
  let units: ReadonlyMap<string, Resource> = new Map();
  await mkdir(quadletDirectory, { recursive: true });
  keepRunning(
    journalCommand,
    journalReader(options, () => units),
    signal,
  );
  const files = createFileWatch(({ kinds }) => onDirty(kinds), signal);
  const firewall = createFirewallWatch((place) => onDirty(['firewall'], place), signal);
  const network = createNetworkWatch((place) => onDirty(['network'], place), signal);
  return {
    follow(manifest) {
      units = new Map(manifest.resources.flatMap(unitOfResource));
      files.follow(interestsOf(manifest, wantsDirectories()));
      firewall.follow(manifest);
      network.follow(manifest);
    },
    refresh: files.refresh,
  };
}

/** Where units are enabled, masked and changed: by links and files in these. */
function wantsDirectories(): readonly string[] {
  return ['/etc/systemd/system', '/run/systemd/system'].flatMap((directory) => [
    directory,
    ...entriesOf(directory)
      .filter((name) => /\.(wants|requires|d)$/.test(name))
      .map((name) => `${directory}/${name}`),
  ]);
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
