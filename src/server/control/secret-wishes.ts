import { BallastError } from '#base/errors.ts';
import { keys } from '#server/keys.ts';
import type { SecretView } from '#wire/views.ts';
import type { Control } from './context.ts';

export async function setSecret(
  { state, secrets }: Control,
  { secret: name, value }: { readonly secret: string; readonly value: string },
  by: string,
): Promise<SecretView> {
  return await state.exclusive(async () => {
    const { view, set } = await secrets.changeTo(name, value, by);
    if (Object.keys(set).length === 0) return view;
    const inUse = state.policy.hostSecrets ?? {};
    const ofHosts = Object.hasOwn(inUse, name);
    await state.commit({
      set: ofHosts ? { ...set, [keys.hostSecrets]: { ...inUse, [name]: view.version } } : set,
      // Files of the machines' baseline always hold the newest version; apps keep the one they were released with.
      bump: ofHosts,
      events: [
        {
          kind: 'secret-set',
          subject: name,
          by,
          cause: 'intentional',
          what: `version ${view.version} of the secret ${name} was stored`,
        },
      ],
    });
    return view;
  });
}

export async function removeSecret({ state, secrets }: Control, name: string, by: string): Promise<void> {
  await state.exclusive(async () => {
    const set = await secrets.removal(name, by);
    const users = usersOf(state, name);
    if (users.length > 0) {
      throw new BallastError('refused', `the secret ${name} is in use`, {
        why: `it is used by ${users.join(', ')}`,
        fix: 'deploy what uses it without it first',
      });
    }
    await state.commit({
      set,
      events: [
        {
          kind: 'secret-removed',
          subject: name,
          by,
          cause: 'intentional',
          what: `the secret ${name} was removed`,
        },
      ],
    });
  });
}

/** Apps whose wanted release, or a release that may still come back or runs, has the secret. */
function usersOf({ policy, plan }: Control['state'], name: string): readonly string[] {
  const hosts = Object.hasOwn(policy.hostSecrets ?? {}, name) ? ['the machines’ baseline'] : [];
  const apps = Object.values(policy.apps)
    .filter((app) => {
      const state = plan.apps[app.name];
      const alive = new Set([app.wanted, state?.wanted, state?.target, state?.healthy]);
      return Object.values(app.releases).some(
        (release) =>
          alive.has(release.number) && Object.values(release.secrets).some((secret) => secret.name === name),
      );
    })
    .map((app) => app.name);
  return [...hosts, ...apps];
}
