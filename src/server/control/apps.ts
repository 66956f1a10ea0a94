import { BallastError } from '#base/errors.ts';
import type { AppPolicy, AppState, Release } from '#plan/model.ts';
import { outcomeOf } from '#plan/rollout/outcomes.ts';
import { stateOf } from '#server/api/app-views.ts';
import { keys } from '#server/keys.ts';
import type { StoredDeletion } from '#server/loops/housekeeping.ts';
import type { StoredApp } from '#server/policy-view.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { Input } from '#wire/operations.ts';
import type { ReleaseAnswer } from '#wire/views.ts';
import { appOf, type Control, unknown } from './context.ts';
import { checkNotRolling } from './release-checks.ts';
import { givenUp, makeRelease, picture, runningRelease, unchanged, wantedRelease } from './releases.ts';
import { refuseRules } from './rule-checks.ts';
import { scaled } from './scaled.ts';

export async function scaleApp(
  control: Control,
  input: Input<'scaleApp'>,
  by: string,
): Promise<ReleaseAnswer> {
  return await control.state.exclusive(async () => {
    const { app, base } = baseOf(control, input.app);
    const wanted = Object.entries(input.replicas);
    const services = scaled(base, input.replicas);
    const same = wanted.every(([name, replicas]) => base.model.services[name]?.deploy.replicas === replicas);
    if (same && base.number === app.wanted && !givenUp(control, app.name)) return unchanged(control, base);
    checkNotRolling(app, stateOf(picture(control), app.name), control.state.now());
    const note = `scale ${wanted.map(([name, replicas]) => `${name}=${replicas}`).join(' ')}`;
    return await makeRelease(control, { ...draftOf(base), model: { ...base.model, services }, by, note });
  });
}

export async function restartApp(
  control: Control,
  input: Input<'restartApp'>,
  by: string,
): Promise<ReleaseAnswer> {
  return await control.state.exclusive(async () => {
    const { app, base } = baseOf(control, input.app);
    checkNotRolling(app, stateOf(picture(control), app.name), control.state.now());
    const names = input.services.length === 0 ? Object.keys(base.model.services) : input.services;
    const services = { ...base.model.services };
    for (const name of names) {
      const service = serviceOf(base, name);
      services[name] = { ...service, restartNonce: (service.restartNonce ?? 0) + 1 };
    }
    const note = input.services.length === 0 ? 'restart' : `restart ${names.join(' ')}`;
    return await makeRelease(control, { ...draftOf(base), model: { ...base.model, services }, by, note });
  });
}

/** Goes back to an earlier release, by making a new one that is equal to it. Possible at any time. */
export async function rollbackApp(
  control: Control,
  input: Input<'rollbackApp'>,
  by: string,
): Promise<ReleaseAnswer> {
  return await control.state.exclusive(async () => {
    const app = appOf(control, input.app);
    const target = input.release === undefined ? earlier(control, app) : releaseOf(app, input.release);
    if (target.number === app.wanted && !givenUp(control, app.name)) return unchanged(control, target);
    refuseRules(target, control.state.policy);
    for (const { name, version } of Object.values(target.secrets)) {
      // A version that was removed meanwhile is an error now, not on the machines.
      await control.secrets.value(`${name}@${version}`);
    }
    return await makeRelease(control, { ...draftOf(target), by, note: `rollback to ${target.number}` });
  });
}

/** The app is to go. Its volumes stay, but for those named. */
export async function removeApp(
  control: Control,
  input: Input<'removeApp'>,
  by: string,
): Promise<ReleaseAnswer> {
  const { state } = control;
  return await state.exclusive(async () => {
    const known = Object.keys(state.plan.volumes).some((volume) => volume.startsWith(`${input.app}/`));
    const app = known ? state.policy.apps[input.app] : appOf(control, input.app);
    const deletions = volumesToDelete(
      control,
      { name: input.app, app },
      { volumes: input.volumes ?? [], by },
    );
    const release = app?.wanted ?? 0;
    const going = app !== undefined && app.wanted !== null;
    if (!going && Object.keys(deletions).length === 0) {
      return { release, changed: false, plan: state.plan.number };
    }
    await state.commit({
      set: {
        ...deletions,
        ...(going ? { [keys.app(input.app)]: { name: input.app, wanted: null } satisfies StoredApp } : {}),
      },
      events: [
        {
          kind: 'remove',
          app: input.app,
          by,
          cause: 'intentional',
          what: `${input.app} is to go${input.volumes?.length ? `, with its volumes ${input.volumes.join(', ')}` : ''}`,
        },
      ],
    });
    return { release, changed: true, plan: state.plan.number };
  });
}

function volumesToDelete(
  { state }: Control,
  { name, app }: { readonly name: string; readonly app: AppPolicy | undefined },
  { volumes, by }: { readonly volumes: readonly string[]; readonly by: string },
): Record<string, StoredDeletion> {
  const models = Object.values(app?.releases ?? {}).flatMap((release) =>
    Object.entries(release.model.volumes),
  );
  const places = Object.entries(state.plan.volumes).filter(([place]) => place.startsWith(`${name}/`));
  const known = places.map(([place]) => place.slice(name.length + 1));
  return Object.fromEntries(
    volumes.map((wanted) => {
      const volume = models.find(([, model]) => model.name === wanted)?.[0] ?? wanted;
      const machine = state.plan.volumes[`${name}/${volume}`];
      if (machine === undefined) throw unknown(`volume of ${name}`, wanted, known);
      const model = models.findLast(([key]) => key === volume)?.[1];
      if (model?.external) {
        throw new BallastError('refused', `the volume ${wanted} is external`, {
          why: 'Ballast did not make it and does not delete it',
        });
      }
      const deletion: StoredDeletion = {
        app: name,
        volume,
        machine,
        name: model?.name ?? `${name}_${volume}`,
        by,
      };
      return [keys.deletion(name, volume), deletion];
    }),
  );
}

function baseOf(control: Control, name: string): { readonly app: AppPolicy; readonly base: Release } {
  const app = appOf(control, name);
  const base = app.wanted === null ? undefined : runningRelease(control, app);
  if (base !== undefined) return { app, base };
  throw new BallastError('conflict', `${name} is being removed`, {
    fix: 'wait until it is gone, then deploy it again',
  });
}

function serviceOf(release: Release, name: string): ServiceModel {
  const service = release.model.services[name];
  if (service === undefined)
    throw unknown(`service in ${release.app}`, name, Object.keys(release.model.services));
  return service;
}

function releaseOf(app: AppPolicy, number: number): Release {
  const release = app.releases[number];
  if (release !== undefined) return release;
  const kept = Object.keys(app.releases);
  throw new BallastError('not-found', `there is no release ${number} of ${app.name}`, {
    why: `releases ${kept[0] ?? 'none'} to ${kept.at(-1) ?? 'none'} are kept`,
    fix: '`ballast releases` lists them',
  });
}

/** Where a rollback without a number goes: to the last release before what is wanted that was healthy. */
function earlier(control: Control, app: AppPolicy): Release {
  const state = stateOf(picture(control), app.name);
  const wanted = wantedRelease(app)?.number ?? Number.POSITIVE_INFINITY;
  const healthy = state?.healthy ?? null;
  if (healthy !== null && healthy !== wanted && app.releases[healthy] !== undefined)
    return app.releases[healthy];
  const before = Object.values(app.releases)
    .filter((release) => release.number < wanted)
    .sort((a, b) => b.number - a.number);
  const best = before.find(({ number }) => wasHealthy(state, number));
  if (best !== undefined) return best;
  throw new BallastError('not-found', `there is no release of ${app.name} to go back to`, {
    why:
      before.length === 0
        ? 'only one was ever made, or the earlier ones are no longer kept'
        : 'none of the earlier ones was ever healthy',
    fix:
      before.length === 0
        ? `remove the app with \`ballast rm ${app.name}\`, or deploy another version`
        : `choose one of those that \`ballast releases ${app.name}\` lists, or deploy another version`,
  });
}

/** As far as that was kept: what an older version's plan says nothing of had its chance. */
const wasHealthy = (state: AppState | undefined, release: number): boolean =>
  (outcomeOf(state, release) ?? (state?.outcomes === undefined ? 'healthy' : undefined)) === 'healthy';

const draftOf = ({ app, model, origins, secrets }: Release) => ({ name: app, model, origins, secrets });
