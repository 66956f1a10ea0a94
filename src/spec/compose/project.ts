import { merge, settle } from '#spec/table/merge.ts';
import type { Mapping } from '#spec/yaml/tree.ts';
import type { Project } from './documents.ts';
import { readDocuments } from './documents.ts';
import { applyExtends } from './extends.ts';
import { identities } from './identity.ts';
import { applyIncludes } from './include.ts';
import { appShape } from './keys/app.ts';
import type { Source } from './source.ts';

/** The project as one tree in canonical form: variables put in, extends and include resolved, files merged. */
export function loadProject(project: Project, source: Source): Mapping | undefined {
  let merged: Mapping | undefined;
  for (const file of project.files) {
    for (const document of readDocuments(file, project, source)) {
      const extended = applyExtends(document, merged, project, source);
      const complete = applyIncludes(extended, project, source, loadProject);
      const next = merged === undefined ? complete : merge(merged, complete, appShape, identities);
      if (next.kind === 'mapping') merged = next;
    }
  }
  if (merged === undefined) return undefined;
  const settled = settle(merged);
  return settled.kind === 'mapping' ? settled : undefined;
}
