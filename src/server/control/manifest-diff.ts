import { canonical } from '#base/json.ts';
import type { ContainerResource, Manifest, Resource } from '#compile/manifest.ts';
import { tableText } from '#compile/nft/text.ts';
import type { ResourceChange } from '#wire/views.ts';
import { shown } from './field-text.ts';

/** Fields of one resource that a preview shows. */
const fieldsMax = 40;

/**
 * What differs between two manifests of one machine, for people. A replica that another takes over from is replaced.
 * A file that only holds what another resource says, for the next boot, is no change of its own.
 */
export function manifestChanges(before: Manifest, after: Manifest): readonly ResourceChange[] {
  return allChanges(before, after).filter(
    ({ resource, action }) => action !== 'update' || !isCopy(after, resource),
  );
}

/** The firewall's file repeats the rules of the firewall. */
function isCopy({ resources }: Manifest, id: string): boolean {
  const file = resources.find((resource) => resource.id === id);
  return (
    file?.kind === 'file' &&
    resources.some((one) => one.kind === 'firewall' && tableText(one) === file.content)
  );
}

function allChanges(before: Manifest, after: Manifest): readonly ResourceChange[] {
  const old = new Map(before.resources.map((resource) => [resource.id, resource]));
  const fresh = new Map(after.resources.map((resource) => [resource.id, resource]));
  const gone = before.resources.filter((resource) => !fresh.has(resource.id));
  const replaced = new Map<string, ContainerResource>();
  const changes: ResourceChange[] = [];
  for (const resource of after.resources) {
    const same = old.get(resource.id);
    const predecessor = same === undefined ? predecessorOf(resource, gone, replaced) : undefined;
    if (predecessor !== undefined) replaced.set(predecessor.id, predecessor);
    const from = same ?? predecessor;
    if (from === undefined) changes.push(change(after.machine, resource, 'create', []));
    else {
      const fields = fieldChanges(from, resource);
      const action = predecessor || replaces(from, resource) ? 'replace' : 'update';
      if (fields.length > 0 || predecessor) changes.push(change(after.machine, resource, action, fields));
    }
  }
  for (const resource of gone) {
    if (!replaced.has(resource.id)) changes.push(change(after.machine, resource, 'delete', []));
  }
  return changes;
}

function change(
  machine: string,
  resource: Resource,
  action: ResourceChange['action'],
  fields: ResourceChange['fields'],
): ResourceChange {
  const { id, origin } = resource;
  return {
    machine,
    resource: id,
    action,
    fields: fields.slice(0, fieldsMax),
    reason: reasonOf(action, fields),
    origin,
  };
}

function reasonOf(action: ResourceChange['action'], fields: ResourceChange['fields']): string {
  switch (action) {
    case 'create':
      return 'not there yet';
    case 'delete':
      return 'no longer wanted';
    case 'replace':
    case 'update':
      return fields.length === 0
        ? 'made anew'
        : `${fields
            .map((field) => field.name)
            .slice(0, 3)
            .join(', ')} changed`;
  }
}

/** The replica of the same service that leaves for this one. */
function predecessorOf(
  resource: Resource,
  gone: readonly Resource[],
  taken: ReadonlyMap<string, Resource>,
): ContainerResource | undefined {
  if (resource.kind !== 'container') return undefined;
  return gone.find(
    (other): other is ContainerResource =>
      other.kind === 'container' &&
      other.app === resource.app &&
      other.service === resource.service &&
      !taken.has(other.id),
  );
}

/** A container is never changed in place. */
const replaces = (before: Resource, after: Resource): boolean =>
  before.kind === 'container' && after.kind === 'container' && before.quadlet !== after.quadlet;

function fieldChanges(before: Resource, after: Resource): ResourceChange['fields'] {
  const a = flatten(before);
  const b = flatten(after);
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const from = a.get(name) ?? null;
    const to = b.get(name) ?? null;
    return from === to ? [] : [{ name, ...shown(from, to) }];
  });
}

/** Fields by name; texts of `Key=value` lines as one field for each key. Values of secrets are never among them. */
function flatten(resource: Resource): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(resource)) {
    if (['id', 'kind', 'after', 'origin', 'name'].includes(name) || value === undefined) continue;
    if (name === 'quadlet') for (const [key, text] of quadletFields(String(value))) fields.set(key, text);
    else fields.set(name, typeof value === 'string' ? value : canonical(value));
  }
  return fields;
}

/** Lines that name the replica differ between any two replicas and say nothing. */
const telling = new Set(['ContainerName', 'Description', 'HostName', 'PodmanArgs', 'Label']);

function quadletFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at <= 0 || line.startsWith('#')) continue;
    const key = line.slice(0, at);
    if (telling.has(key)) continue;
    let value = line.slice(at + 1);
    let name = key;
    if (key === 'Environment') {
      const inner = value.replace(/^"(.*)"$/, '$1');
      const equals = inner.indexOf('=');
      name = `environment.${inner.slice(0, equals)}`;
      value = inner.slice(equals + 1);
    }
    fields.set(name, fields.has(name) ? `${fields.get(name)} ${value}` : value);
  }
  return fields;
}
