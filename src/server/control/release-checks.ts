import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { canonical } from '#base/json.ts';
import type { Problem } from '#base/result.ts';
import type { AppPolicy, AppState, Release } from '#plan/model.ts';
import type { AppModel, Origins, ServiceModel } from '#spec/model.ts';

/** A rollout that takes longer may be superseded by another. */
export const rolloutDeadlineMs = 10 * 60_000;

/** Images of a release are pinned: what runs is what was checked, and a rollback finds the very same. */
export function checkImages(model: AppModel, origins: Origins): void {
  const problems = Object.values(model.services).flatMap((service): Problem[] => {
    if (service.image !== undefined && /@sha256:[0-9a-f]{64}$/.test(service.image)) return [];
    const at = origins[`services.${service.name}.image`] ?? origins[`services.${service.name}`];
    return [
      {
        code: 'image-not-pinned',
        what: `the image of ${service.name} is not pinned by digest`,
        fix: 'deploy with `ballast deploy`, which builds, pushes and pins images',
        ...(at ? { at } : {}),
      },
    ];
  });
  if (problems.length > 0) {
    throw new BallastError('bad-request', `the release of ${model.name} is not complete`, { problems });
  }
}

/** Refuses while another release is being rolled out, unless that one hangs. */
export function checkNotRolling(app: AppPolicy | undefined, state: AppState | undefined, now: number): void {
  if (app === undefined || state === undefined) return;
  if (state.phase === 'steady' || state.phase === 'failed' || state.phase === 'paused') return;
  const age = now - state.since;
  if (age > rolloutDeadlineMs) return;
  const wait = `wait for its end: \`ballast status\``;
  if (state.phase === 'removing') {
    throw new BallastError('conflict', `${app.name} is being removed`, {
      why: `that began ${showDuration(age)} ago`,
      fix: wait,
    });
  }
  const release = app.releases[state.target ?? state.wanted ?? -1];
  const verb = state.phase === 'rolling' ? 'is being rolled out' : 'is being rolled back';
  throw new BallastError('conflict', `${app.name} ${verb}`, {
    why: release
      ? `release ${release.number} (${release.note}, by ${release.by}) began ${showDuration(age)} ago`
      : `that began ${showDuration(age)} ago`,
    fix: state.phase === 'rolling' ? `${wait}, or go back: \`ballast rollback\`` : wait,
  });
}

/** Refuses when the app's newest release is another than the one the caller knows. */
export function checkExpected(
  app: AppPolicy | undefined,
  name: string,
  expected: number | null | undefined,
): void {
  if (expected === undefined) return;
  const newest = newestRelease(app);
  if ((newest?.number ?? null) === expected) return;
  throw new BallastError('conflict', `${name} was changed meanwhile`, {
    why: newest
      ? `release ${newest.number} (${newest.note}) was made by ${newest.by}`
      : `release ${expected ?? 0} is gone: the app was removed`,
    fix: 'look at it with `ballast releases`, then deploy again',
  });
}

export function newestRelease(app: AppPolicy | undefined): Release | undefined {
  return Object.values(app?.releases ?? {}).sort((a, b) => b.number - a.number)[0];
}

/** Whether two releases would run the same: how an image was built and where a secret was read do not count. */
export function sameRelease(
  a: Pick<Release, 'model' | 'secrets'>,
  b: Pick<Release, 'model' | 'secrets'>,
): boolean {
  return canonical(essence(a)) === canonical(essence(b));
}

function essence({ model, secrets }: Pick<Release, 'model' | 'secrets'>): unknown {
  return {
    ...model,
    secrets,
    services: Object.fromEntries(
      Object.entries(model.services).map(([name, service]) => [name, withoutBuild(service)]),
    ),
  };
}

function withoutBuild({
  build: _,
  pullPolicy: __,
  ...service
}: ServiceModel): Omit<ServiceModel, 'build' | 'pullPolicy'> {
  return service;
}

/** A deploy does not undo a restart: services keep the mark that `ballast restart` gave them. */
export function keepRestarts(model: AppModel, before: Release | undefined): AppModel {
  if (before === undefined) return model;
  const services = Object.fromEntries(
    Object.entries(model.services).map(([name, service]) => {
      const nonce = before.model.services[name]?.restartNonce;
      return [
        name,
        nonce === undefined || service.restartNonce !== undefined
          ? service
          : { ...service, restartNonce: nonce },
      ];
    }),
  );
  return { ...model, services };
}
