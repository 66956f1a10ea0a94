import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import type { AppView } from '#wire/views.ts';
import { appHere, meantName } from './app-files.ts';
import type { Shell } from './shell.ts';

export interface AppQuestion {
  /** `-a`. */
  readonly flag: string | undefined;
  /** The service that the command is about, when it is about one. */
  readonly services?: readonly string[];
}

/**
 * Which app a command means: `-a`, BALLAST_APP, the Compose file of the current directory, the only app with that
 * service, the only app. Never a guess between two.
 */
export async function whichApp(question: AppQuestion, client: Client, shell: Shell): Promise<AppView> {
  const { apps } = await client.call('listApps', {}, { signal: shell.signal });
  return chooseApp(question, apps, shell);
}

export function chooseApp(
  { flag, services = [] }: AppQuestion,
  apps: readonly AppView[],
  shell: Pick<Shell, 'cwd' | 'env'>,
): AppView {
  const named = flag ?? (shell.env['BALLAST_APP'] || undefined);
  const here = named === undefined ? appHere(shell) : undefined;
  const name = named ?? here;
  if (name !== undefined) {
    const app = apps.find((candidate) => candidate.name === name);
    if (!app) throw noSuchApp(name, apps, here !== undefined);
    requireServices(app, services);
    return app;
  }
  const fitting = apps.filter((app) =>
    services.every((service) => app.services.some((candidate) => candidate.name === service)),
  );
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  if (apps.length === 0) {
    throw new BallastError('not-found', 'there are no apps yet', {
      fix: 'deploy one: ballast deploy -f compose.yaml',
    });
  }
  if (fitting.length === 0) {
    const known = [...new Set(apps.flatMap((app) => app.services.map((service) => service.name)))];
    throw new BallastError('not-found', `no app has a service "${services.join('", "')}"`, {
      fix: meantName(services[0] ?? '', known, 'services'),
    });
  }
  throw new BallastError('usage', 'which app?', {
    why: `several fit: ${fitting.map((app) => app.name).join(', ')}`,
    fix: `say which with -a, for example -a ${only?.name}`,
  });
}

/** Refuses names that are no services of the app. */
export function requireServices(app: AppView, services: readonly string[]): void {
  const known = app.services.map((service) => service.name);
  for (const service of services) {
    if (known.includes(service)) continue;
    throw new BallastError('not-found', `app ${app.name} has no service "${service}"`, {
      fix: meantName(service, known, 'services'),
    });
  }
}

/** Refuses names that are a service of no app at all. */
export function requireSomewhere(apps: readonly AppView[], services: readonly string[]): void {
  const known = new Set(apps.flatMap((app) => app.services.map((service) => service.name)));
  for (const service of services) {
    if (known.has(service)) continue;
    throw new BallastError('not-found', `no app has a service "${service}"`, {
      fix: apps.some(({ name }) => name === service)
        ? `it is an app: name it with -a ${service}`
        : meantName(service, [...known], 'services'),
    });
  }
}

function noSuchApp(name: string, apps: readonly AppView[], fromFile: boolean): BallastError {
  const known = apps.map((app) => app.name);
  return new BallastError('not-found', `there is no app "${name}" on the fleet`, {
    ...(fromFile ? { why: 'the Compose file in this directory names it; -a names another' } : {}),
    fix: known.length === 0 ? 'deploy it first: ballast deploy' : meantName(name, known, 'apps'),
  });
}
