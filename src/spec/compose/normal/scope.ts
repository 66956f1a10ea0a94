import type { Lookup } from '#spec/compose/interpolate.ts';
import type { Source } from '#spec/compose/source.ts';
import type { Complaint, ProblemCode } from '#spec/problems.ts';
import type { Mapping, Tree } from '#spec/yaml/tree.ts';
import { get } from '#spec/yaml/tree.ts';

/** What every part of normalising needs: the app around it and where to tell problems. */
export interface Scope {
  readonly app: string;
  readonly root: Mapping;
  readonly source: Source;
  /** The environment deploy runs in, `.env` included. */
  readonly lookup: Lookup;
}

/** One service on its way into the model. */
export interface ServiceScope extends Scope {
  readonly name: string;
  readonly service: Mapping;
}

/** A value below the service. */
export const at = (scope: ServiceScope, ...keys: readonly string[]): Tree | undefined =>
  get(scope.service, ...keys);

/** Tells a problem of the service; `what` begins with its name. */
export function complain(
  scope: ServiceScope,
  code: ProblemCode,
  tree: Tree | undefined,
  said: Omit<Complaint, 'at'>,
): void {
  scope.source.problems.add(code, {
    ...said,
    what: `services.${scope.name}: ${said.what}`,
    at: tree?.at ?? scope.service.at,
  });
}

export function warn(
  scope: ServiceScope,
  code: ProblemCode,
  tree: Tree | undefined,
  said: Omit<Complaint, 'at'>,
): void {
  scope.source.problems.warn(code, {
    ...said,
    what: `services.${scope.name}: ${said.what}`,
    at: tree?.at ?? scope.service.at,
  });
}
