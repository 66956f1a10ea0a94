import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import type { Release } from '#plan/model.ts';
import type { Secrets } from '#server/secrets.ts';
import type { AppModel, Origins, SecretModel } from '#spec/model.ts';

export interface ReleaseSecrets {
  /** Version of each secret, by its key in the model. */
  readonly versions: Release['secrets'];
  /** What has to be committed with the release. */
  readonly set: Readonly<Record<string, unknown>>;
}

/** The name under which the fleet keeps a secret that came with an app's files. */
export const ownName = (app: string, secret: string): string => `${app}.${secret}`;

/**
 * Finds or makes the version of every secret that the app names. A value that did not change makes no new version.
 * Throws with all that are missing, where they are used and how to set them. Call within `exclusive`.
 */
export async function releaseSecrets(
  {
    model,
    origins,
    values,
    by,
  }: {
    readonly model: AppModel;
    readonly origins: Origins;
    readonly values: Readonly<Record<string, string>>;
    readonly by: string;
  },
  secrets: Secrets,
): Promise<ReleaseSecrets> {
  const versions: Record<string, { readonly name: string; readonly version: number }> = {};
  const set: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [key, secret] of Object.entries(model.secrets)) {
    const value = values[key];
    if (secret.from.kind !== 'external' && value !== undefined) {
      const name = ownName(model.name, key);
      const change = await secrets.changeTo(name, value, by);
      Object.assign(set, change.set);
      versions[key] = { name, version: change.version };
      continue;
    }
    const name = secret.from.kind === 'external' ? secret.name : ownName(model.name, key);
    const newest = await secrets.newest(name);
    if (newest === undefined) problems.push(missing(key, secret, origins, model));
    else versions[key] = { name, version: newest.version };
  }
  if (problems.length > 0) {
    const names = problems.length === 1 ? 'a secret' : `${problems.length} secrets`;
    throw new BallastError('bad-request', `${model.name} needs ${names} that the fleet does not have`, {
      problems,
    });
  }
  return { versions, set };
}

/** The same question for a preview: what is missing is told, and stands in as version 0. */
export async function secretsForPreview(
  model: AppModel,
  origins: Origins,
  secrets: Secrets,
): Promise<{ readonly versions: Release['secrets']; readonly problems: readonly Problem[] }> {
  const versions: Record<string, { readonly name: string; readonly version: number }> = {};
  const problems: Problem[] = [];
  for (const [key, secret] of Object.entries(model.secrets)) {
    const external = secret.from.kind === 'external';
    const name = external ? secret.name : ownName(model.name, key);
    const newest = await secrets.newest(name);
    if (newest === undefined && external) problems.push(missing(key, secret, origins, model));
    // A value that deploy would read first gets version 1.
    versions[key] = { name, version: newest?.version ?? 1 };
  }
  return { versions, problems };
}

function missing(key: string, secret: SecretModel, origins: Origins, model: AppModel): Problem {
  const at = origins[`secrets.${key}`] ?? firstUse(key, origins, model);
  const external = secret.from.kind === 'external';
  return {
    code: 'missing-secret',
    what: external
      ? `there is no secret ${secret.name} in the fleet`
      : `the value of the secret ${key} did not come along`,
    fix: external ? `ballast secret set ${secret.name}` : 'deploy with `ballast deploy`, which reads it',
    ...(at ? { at } : {}),
  };
}

function firstUse(key: string, origins: Origins, model: AppModel): Problem['at'] {
  for (const service of Object.values(model.services)) {
    const index = service.secrets.findIndex((grant) => grant.source === key);
    const at = index < 0 ? undefined : origins[`services.${service.name}.secrets.${index}`];
    if (at !== undefined) return at;
  }
  return undefined;
}
