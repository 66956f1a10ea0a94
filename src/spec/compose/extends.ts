import { resolvePath } from '#base/path.ts';
import { suggest } from '#base/suggest.ts';
import { check } from '#spec/table/check.ts';
import { merge } from '#spec/table/merge.ts';
import type { Entry, Mapping, Tree } from '#spec/yaml/tree.ts';
import { get, mapping, textOf } from '#spec/yaml/tree.ts';
import type { Project } from './documents.ts';
import { projectOf, readDocuments, without, withValue } from './documents.ts';
import { identities } from './identity.ts';
import { serviceKeys, serviceShape } from './keys/app.ts';
import type { Source } from './source.ts';

interface Extending {
  readonly project: Project;
  readonly source: Source;
  /** What the files before this one made, where a service may be found too. */
  readonly before: Mapping | undefined;
  /** `file#service` of every service on the way here. */
  readonly way: readonly string[];
}

/** The document with every `extends` of its services resolved: the other service below, its own keys above. */
export function applyExtends(
  document: Mapping,
  before: Mapping | undefined,
  project: Project,
  source: Source,
): Mapping {
  const services = get(document, 'services');
  if (services?.kind !== 'mapping') return document;
  const entries = [...services.entries.values()];
  if (!entries.some((entry) => get(entry.value, 'extends') !== undefined)) return document;
  const extended = entries.map((entry) => {
    const way = [idOf(document.at.file, entry.key)];
    return { ...entry, value: resolve(entry.value, document, { project, source, before, way }) };
  });
  return withValue(document, 'services', mapping(services, extended), services.at);
}

const idOf = (file: string, service: string): string => `${file}#${service}`;

function resolve(service: Tree, document: Mapping, extending: Extending): Tree {
  const extension = get(service, 'extends');
  const shape = serviceKeys['extends'];
  if (service.kind !== 'mapping' || extension === undefined || shape?.status !== 'honoured') return service;
  const name = textOf(get(extension, 'service'));
  if (name === undefined) return service;
  const { problems } = extending.source;
  check(extension, shape.shape, `services.${serviceOf(extending.way.at(-1))}.extends`, problems);
  const own = without(service, 'extends');
  const file = get(extension, 'file');
  const path =
    textOf(file) === undefined ? document.at.file : resolvePath(file?.dir ?? '', textOf(file) ?? '');
  const id = idOf(path, name);
  if (extending.way.includes(id)) {
    tellRing(extending, id, document, extension);
    return own;
  }
  const next = { ...extending, way: [...extending.way, id] };
  const found =
    textOf(file) === undefined || path === document.at.file
      ? here(name, document, next)
      : elsewhere(name, path, extension, next);
  if (found === undefined) {
    unknown(name, path, document, extension, extending);
    return own;
  }
  return found.kind === 'mapping' ? merge(without(found, 'extends'), own, serviceShape, identities) : own;
}

const serviceOf = (id: string | undefined): string => id?.split('#')[1] ?? '';

/** Every service of a ring comes here; the ring is told once, by the first of them by name. */
function tellRing({ way, source }: Extending, id: string, document: Mapping, at: Tree): void {
  const ring = way.slice(way.indexOf(id));
  const [start = ''] = way;
  const alone = !ring.some((one) => one.startsWith(`${document.at.file}#`));
  if (
    ring.includes(start) ? [...ring].sort()[0] !== start : !alone && start.startsWith(`${document.at.file}#`)
  )
    return;
  source.problems.add('extends-cycle', {
    what: `extends goes round in a ring: ${[...ring, id].map(serviceOf).join(' -> ')}`,
    fix: 'let one of them stand on its own',
    at: at.at,
  });
}

function here(name: string, document: Mapping, extending: Extending): Tree | undefined {
  const service = get(document, 'services', name);
  if (service !== undefined) return resolve(service, document, extending);
  return get(extending.before, 'services', name);
}

function elsewhere(name: string, path: string, at: Tree, extending: Extending): Tree | undefined {
  const { source, project } = extending;
  const other = projectOf(path, project.variables, at.at);
  const documents = readDocuments(path, other, source);
  let found: Tree | undefined;
  for (const document of documents) {
    const service = get(document, 'services', name);
    if (service === undefined) continue;
    const resolved = resolve(service, document, { ...extending, project: other, before: undefined });
    found = found === undefined ? resolved : merge(found, resolved, serviceShape, identities);
  }
  // A file that cannot be read has been told already.
  return found ?? (documents.length === 0 ? mapping(at, new Map<string, Entry>().values()) : undefined);
}

function unknown(name: string, path: string, document: Mapping, at: Tree, { source }: Extending): void {
  const services = path === document.at.file ? get(document, 'services') : undefined;
  const near = services?.kind === 'mapping' ? suggest(name, services.entries.keys()) : undefined;
  source.problems.add('unknown-service', {
    what: `extends names the service ${name}, which ${path} does not have`,
    fix: near === undefined ? 'name a service of that file' : `did you mean ${near}?`,
    at: get(at, 'service')?.at ?? at.at,
  });
}
