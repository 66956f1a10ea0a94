import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import { meantName } from './app-files.ts';
import type { Shell } from './shell.ts';
import { chooseApp } from './which-app.ts';

/** What `logs` and `exec` are aimed at: an app, one of its services, or one replica. */
export interface Target {
  readonly app: string;
  readonly service?: string;
  readonly replica?: string;
}

/** Finds out what a word means: a service, or else a replica by its full name. */
export async function findTarget(
  word: string | undefined,
  flag: string | undefined,
  client: Client,
  shell: Shell,
): Promise<Target> {
  if (word !== undefined && /-\d+-r\d+(-\d+)?$/.test(word)) {
    const { replicas } = await client.call('listReplicas', {}, { signal: shell.signal });
    const replica = replicas.find(({ id }) => id === word);
    if (replica) return { app: replica.app, replica: replica.id };
    throw new BallastError('not-found', `there is no replica "${word}"`, {
      fix: meantName(
        word,
        replicas.map(({ id }) => id),
        'replicas',
      ),
    });
  }
  const { apps } = await client.call('listApps', {}, { signal: shell.signal });
  const app = chooseApp({ flag, services: word === undefined ? [] : [word] }, apps, shell);
  return word === undefined ? { app: app.name } : { app: app.name, service: word };
}
