import { BallastError } from '#base/errors.ts';
import type { AppPolicy, Policy, Release } from '#plan/model.ts';
import { stateOf } from '#server/api/app-views.ts';
import { keys } from '#server/keys.ts';
import type { StoredDeletion } from '#server/loops/housekeeping.ts';
import type { StoredApp } from '#server/policy-view.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import type { Input } from '#wire/operations.ts';
import type { ReleaseAnswer } from '#wire/views.ts';
import type { Control } from './context.ts';
import { doesNotFit, tryOut } from './fits.ts';
import { askPortHolders, type PortHolders } from './port-holders.ts';
import { checkCertificates } from './release-certificates.ts';
import { checkExpected, checkImages, checkNotRolling, keepRestarts, sameRelease } from './release-checks.ts';
import { releaseSecrets } from './release-secrets.ts';
import { refuseRules } from './rule-checks.ts';

/** Releases that are kept for looking back and rolling back, beside those that a plan needs. */
export const releasesMax = 50;

/** Makes a release of what a person wrote, unless it is what runs already. */
export async function createRelease(
  control: Control,
  input: Input<'createRelease'>,
  by: string,
): Promise<ReleaseAnswer> {
  const { app: name, origins, note } = input;
  if (input.model.name !== name) {
    throw new BallastError('bad-request', `the model is of ${input.model.name}, not of ${name}`);
  }
  checkImages(input.model, origins);
  const { state, secrets } = control;
  const holders = await askPortHolders(control, input);
  return await state.exclusive(async () => {
    const app = state.policy.apps[name];
    const before = wantedRelease(app);
    const model = keepRestarts(input.model, before);
    refuseRules({ model, origins }, state.policy);
    const { versions, set } = await releaseSecrets(
      { model, origins, values: input.secretValues, by },
      secrets,
    );
    await checkCertificates(control, { model, origins, values: input.secretValues, versions });
    if (before && !givenUp(control, name) && sameRelease(before, { model, secrets: versions })) {
      // Whoever made it meanwhile wants the very same: that is no conflict.
      return unchanged(control, before);
    }
    checkExpected(app, name, input.ifRelease);
    checkNotRolling(app, stateOf(picture(control), name), state.now());
    return await makeRelease(control, { name, model, origins, secrets: versions, by, note, set, holders });
  });
}

/** A release as it is to be, but for its number and time. */
export interface Draft {
  readonly name: string;
  readonly model: AppModel;
  readonly origins: Origins;
  readonly secrets: Release['secrets'];
  readonly by: string;
  readonly note: string;
  /** Stored with it. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Absent: it publishes no port that it did not publish before. */
  readonly holders?: PortHolders;
}

/** Numbers a release, makes sure that it fits and makes it the wanted one. Call within `exclusive`. */
export async function makeRelease(control: Control, draft: Draft): Promise<ReleaseAnswer> {
  const { state } = control;
  const { name, model, origins, secrets, by, note } = draft;
  const last = await state.store.get(keys.lastRelease(name));
  const number = (last === undefined ? 0 : (JSON.parse(last.value) as number)) + 1;
  const release: Release = { app: name, number, model, origins, secrets, at: state.now(), by, note };
  const trial = tryOut(control, withRelease(state.policy, release), release);
  const problems = [...trial.problems, ...(draft.holders?.problems(release, trial.plan) ?? [])];
  if (problems.length > 0) throw doesNotFit(name, problems);
  await state.commit({
    set: {
      ...draft.set,
      [keys.lastRelease(name)]: number,
      [keys.release(name, number)]: release,
      [keys.app(name)]: { name, wanted: number } satisfies StoredApp,
      ...outdated(control, name),
      ...(await revokedDeletions(control, name)),
    },
    events: [
      {
        kind: 'release',
        app: name,
        subject: String(number),
        by,
        cause: 'intentional',
        what: `release ${number} of ${name}: ${note}`,
      },
      ...Object.keys(draft.set ?? {}).map((key) => ({
        kind: 'secret-set',
        app: name,
        subject: key.split('/')[1] ?? '',
        by,
        what: `a new version of the secret ${key.split('/')[1] ?? ''} was stored`,
      })),
    ],
  });
  return { release: number, changed: true, plan: state.plan.number };
}

/** What is wanted is what is there, or on its way. */
export function unchanged(control: Control, { app, number }: Release): ReleaseAnswer {
  const rolling = stateOf(picture(control), app)?.phase === 'rolling';
  const plan = control.state.plan.number;
  return { release: number, changed: false, plan, ...(rolling ? { rolling } : {}) };
}

/** The policy as it would be with this release wanted. */
export function withRelease(policy: Policy, release: Release): Policy {
  const app: AppPolicy = {
    name: release.app,
    wanted: release.number,
    releases: { ...policy.apps[release.app]?.releases, [release.number]: release },
  };
  return { ...policy, apps: { ...policy.apps, [release.app]: app } };
}

export function wantedRelease(app: AppPolicy | undefined): Release | undefined {
  return app === undefined || app.wanted === null ? undefined : app.releases[app.wanted];
}

/** The release whose replicas run, or are to: after a failure not the one that was wanted. */
export function runningRelease(control: Control, app: AppPolicy): Release | undefined {
  const state = stateOf(picture(control), app.name);
  return app.releases[state?.target ?? -1] ?? wantedRelease(app);
}

export const picture = ({ state, inventory }: Control) => ({
  policy: state.policy,
  plan: state.plan,
  inventory: inventory(),
});

/** Whether what is wanted was given up: then the same wish again is a new try. */
export function givenUp(control: Control, app: string): boolean {
  const state = stateOf(picture(control), app);
  return (
    state !== undefined &&
    (state.target !== state.wanted || state.phase === 'failed' || state.phase === 'paused')
  );
}

/** Releases nobody can need any more. */
function outdated({ state }: Control, name: string): Record<string, null> {
  const plan = state.plan.apps[name];
  const needed = new Set([plan?.wanted, plan?.target, plan?.healthy]);
  for (const replica of Object.values(state.plan.replicas)) {
    if (replica.app === name) needed.add(replica.release);
  }
  const old = Object.keys(state.policy.apps[name]?.releases ?? {})
    .map(Number)
    .sort((a, b) => b - a)
    .slice(releasesMax - 1)
    .filter((number) => !needed.has(number));
  return Object.fromEntries(old.map((number) => [keys.release(name, number), null]));
}

/** An app that comes back keeps the volumes that had not been deleted yet. */
async function revokedDeletions({ state }: Control, name: string): Promise<Record<string, null>> {
  const all = (await state.store.list(keys.deletions)).entries;
  const own = all.filter((entry) => (JSON.parse(entry.value) as StoredDeletion).app === name);
  return Object.fromEntries(own.map((entry) => [entry.key, null]));
}
