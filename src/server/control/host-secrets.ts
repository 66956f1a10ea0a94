import type { Problem } from '#base/result.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';

export interface HostSecrets {
  /** Version of each secret that the machines' baseline names. */
  readonly versions: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
}

/** The newest version of every secret that the baseline of a fleet's machines names. */
export async function hostSecrets(
  fleet: FleetModel,
  origins: Origins,
  secrets: Pick<Secrets, 'newest'>,
): Promise<HostSecrets> {
  const versions: Record<string, number> = {};
  const problems: Problem[] = [];
  for (const { name, place } of namesOf(fleet)) {
    const newest = await secrets.newest(name);
    if (newest !== undefined) versions[name] = newest.version;
    else {
      const at = origins[place];
      problems.push({
        code: 'missing-secret',
        what: `${place}: there is no secret ${name} in the fleet`,
        fix: `ballast secret set ${name}`,
        ...(at ? { at } : {}),
      });
    }
  }
  return { versions, problems };
}

function namesOf({ host, pools }: FleetModel): readonly { readonly name: string; readonly place: string }[] {
  const sections = [
    { path: 'host', host },
    ...Object.values(pools).map((pool) => ({ path: `machines.${pool.name}.host`, host: pool.host })),
  ];
  return sections.flatMap((section) =>
    Object.entries(section.host?.files ?? {}).flatMap(([path, { secret }]) =>
      secret === undefined ? [] : [{ name: secret, place: `${section.path}.files.${path}` }],
    ),
  );
}
