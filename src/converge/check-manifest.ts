import { fail, ok, type Problem, type Result } from '#base/result.ts';
import type { Manifest } from '#compile/manifest.ts';
import { placeOf } from './kinds.ts';

/** What no manifest may have: two resources of one id or one place, unknown dependencies, dependencies in a circle. */
export function checkManifest(manifest: Manifest): Result<Manifest> {
  const problems = [...duplicates(manifest), ...unknown(manifest), ...circle(manifest)];
  return problems.length === 0 ? ok(manifest) : fail(...problems);
}

function duplicates({ resources }: Manifest): Problem[] {
  const problems: Problem[] = [];
  for (const name of ['id', 'place'] as const) {
    const seen = new Set<string>();
    for (const resource of resources) {
      const value = name === 'id' ? resource.id : placeOf(resource);
      if (seen.has(value)) problems.push(problem(`two resources have the ${name} ${value}`));
      seen.add(value);
    }
  }
  return problems;
}

function unknown({ resources }: Manifest): Problem[] {
  const ids = new Set(resources.map(({ id }) => id));
  return resources.flatMap(({ id, after }) =>
    after
      .filter((on) => !ids.has(on))
      .map((on) => problem(`${id} comes after ${on}, which the manifest does not have`)),
  );
}

/** Takes away what depends on nothing until nothing more goes; what is left stands in a circle or behind one. */
function circle({ resources }: Manifest): Problem[] {
  const ids = new Set(resources.map(({ id }) => id));
  let open = resources;
  const done = new Set<string>();
  for (let before = -1; before !== done.size; ) {
    before = done.size;
    for (const { id, after } of open) if (after.every((on) => done.has(on) || !ids.has(on))) done.add(id);
    open = open.filter(({ id }) => !done.has(id));
  }
  if (open.length === 0) return [];
  const names = open.map(({ id }) => id).sort();
  return [problem(`resources come after one another in a circle: ${names.join(', ')}`)];
}

const problem = (what: string): Problem => ({ code: 'bad-manifest', what });
