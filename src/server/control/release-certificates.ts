import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import type { Release } from '#plan/model.ts';
import { givenProblems } from '#server/ingress/given.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import type { Control } from './context.ts';

interface Wanted {
  readonly model: AppModel;
  readonly origins: Origins;
  /** Values that came along, by the keys of the app's secrets. */
  readonly values: Readonly<Record<string, string>>;
  readonly versions: Release['secrets'];
}

/** What is wrong with the certificates of a release that is to be. */
export async function certificateProblems(
  { state, secrets }: Pick<Control, 'state' | 'secrets'>,
  { model, origins, values, versions }: Wanted,
): Promise<readonly Problem[]> {
  const known = new Set((await secrets.list()).map(({ name, version }) => `${name}@${version}`));
  return await givenProblems({
    ...{ model, origins, now: state.now() },
    async value(key) {
      const { name, version } = versions[key] ?? { name: '', version: 0 };
      const reference = `${name}@${version}`;
      return values[key] ?? (known.has(reference) ? await secrets.value(reference) : undefined);
    },
  });
}

/** Refuses a release whose certificates nobody would accept. */
export async function checkCertificates(
  control: Pick<Control, 'state' | 'secrets'>,
  wanted: Wanted,
): Promise<void> {
  const problems = await certificateProblems(control, wanted);
  if (problems.length === 0) return;
  throw new BallastError('bad-request', `${wanted.model.name} cannot be reached so; nothing was changed`, {
    problems,
  });
}
