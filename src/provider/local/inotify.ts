import { readFileSync, writeFileSync } from 'node:fs';

const setting = '/proc/sys/fs/inotify/max_user_instances';
/** A machine's systemd, agent and name server hold about ten; all machines of this computer share one limit. */
const enough = 4_096;

/**
 * Raises the number of files-watchers that root may have on this computer: the usual 128 are used up by a dozen
 * machines, and what comes then fails to boot in odd ways. Left alone where it is high enough.
 */
export function allowWatching(): void {
  if (Number(readFileSync(setting, 'utf8')) < enough) writeFileSync(setting, String(enough));
}
