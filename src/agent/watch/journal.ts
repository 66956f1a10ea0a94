import type { Resource, ResourceKind } from '#compile/manifest.ts';
import { placeOf } from '#converge/kinds.ts';
import { type JournalEntry, parseEntry, textOf } from '#host/journal.ts';

export interface JournalHearers {
  /** Something of these kinds may have changed; at this place alone, when that is known. */
  readonly onDirty: (kinds: readonly ResourceKind[], place?: string) => void;
  readonly onHealth: (container: string, status: string) => void;
  readonly onExit: (container: string, exitCode: number) => void;
  /** What may tell who was logged in, and what they did. */
  readonly onTrace: (entry: JournalEntry) => void;
}

/** Programs that say in the journal whom or what they change. */
const tellers = ['sshd', 'sshd-session', 'useradd', 'usermod', 'userdel', 'groupadd', 'groupmod', 'groupdel'];

/**
 * Messages of process 1 about units, of podman about containers, images and volumes, and of those who change accounts
 * and let people in; only new ones.
 */
export const journalCommand: readonly string[] = [
  ...['journalctl', '--follow', '--lines=0', '--quiet', '--output=json'],
  `--output-fields=${[
    ...['UNIT', 'PODMAN_TYPE', 'PODMAN_EVENT', 'PODMAN_NAME', 'PODMAN_HEALTH_STATUS', 'PODMAN_EXIT_CODE'],
    ...['MESSAGE', '_PID', '_COMM', '_SYSTEMD_SESSION', '_SYSTEMD_UNIT'],
  ].join(',')}`,
  ...['_PID=1', '+', 'PODMAN_EVENT=health_status', 'PODMAN_EVENT=died'],
  ...['PODMAN_EVENT=stop', 'PODMAN_EVENT=kill', 'PODMAN_EVENT=remove'],
  ...['+', 'PODMAN_TYPE=image', '+', 'PODMAN_TYPE=volume'],
  ...['+', ...tellers.map((name) => `_COMM=${name}`)],
];

/** Reads what the command above prints, line by line. `units`: whose they are that are of interest. */
export function journalReader(
  hearers: JournalHearers,
  units: () => ReadonlyMap<string, Resource>,
): (line: string) => void {
  return (line) => {
    const entry = parseEntry(line);
    if (entry === undefined) return;
    const unit = textOf(entry, 'UNIT');
    if (unit !== '') {
      const resource = units().get(unit);
      return resource ? hearers.onDirty([resource.kind], placeOf(resource)) : undefined;
    }
    hearers.onTrace(entry);
    hearPodman(entry, hearers);
  };
}

function hearPodman(entry: JournalEntry, { onDirty, onHealth, onExit }: JournalHearers): void {
  const name = textOf(entry, 'PODMAN_NAME');
  const type = textOf(entry, 'PODMAN_TYPE');
  switch (textOf(entry, 'PODMAN_EVENT')) {
    case 'health_status':
      return onHealth(name, textOf(entry, 'PODMAN_HEALTH_STATUS'));
    case 'died':
      return onExit(name, Number(textOf(entry, 'PODMAN_EXIT_CODE')));
    case 'create':
    case 'remove':
    case 'untag':
      // Of containers their units tell.
      if (type === 'volume' || type === 'image') onDirty([type]);
  }
}
