import { canonical } from '#base/json.ts';
import type { Plan, Release } from '#plan/model.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { FieldChange, ServiceChange } from '#wire/views.ts';
import { shown } from './field-text.ts';

/** One side of the comparison: the release whose replicas run, or are to, and the plan that holds them. */
export interface Side {
  readonly release: Release | undefined;
  readonly plan: Plan;
}

/** What a deploy means for each service of an app: how many replicas, how many of them anew, and why. */
export function serviceChanges(app: string, before: Side, after: Side): readonly ServiceChange[] {
  const old = before.release?.model.services ?? {};
  const fresh = after.release?.model.services ?? {};
  return [...new Set([...Object.keys(fresh), ...Object.keys(old)])].flatMap((service) => {
    const [had, has] = [replicasOf(before.plan, app, service), replicasOf(after.plan, app, service)];
    const counts = { before: had.length, after: has.length };
    const kept = has.filter((id) => had.includes(id)).length;
    const [from, to] = [old[service], fresh[service]];
    if (to === undefined) return { service, action: 'delete', ...counts, replaced: 0, fields: [] };
    if (from === undefined) return { service, action: 'create', ...counts, replaced: 0, fields: [] };
    const replaced = Math.min(counts.before, counts.after) - kept;
    const fields = [...fieldChanges(from, to), ...secretChanges(to, before.release, after.release)];
    if (replaced === 0 && fields.length === 0 && counts.before === counts.after) return [];
    return { service, action: replaced > 0 ? 'replace' : 'update', ...counts, replaced, fields };
  });
}

function replicasOf(plan: Plan, app: string, service: string): readonly string[] {
  return Object.values(plan.replicas)
    .filter((one) => one.app === app && one.service === service && one.phase !== 'draining')
    .map(({ id }) => id);
}

/** How an image came to be says nothing about what runs; the number of replicas is told apart. */
function flatten({ build: _, pullPolicy: __, name: ___, deploy, ...service }: ServiceModel) {
  const { replicas: ____, ...rest } = deploy;
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries({ ...service, ...prefixed('deploy', rest) })) {
    if (value === undefined) continue;
    if (name === 'environment' || name === 'labels') {
      for (const [key, text] of Object.entries(value)) fields.set(`${name}.${key}`, String(text));
    } else fields.set(name, typeof value === 'string' ? value : canonical(value));
  }
  return fields;
}

const prefixed = (prefix: string, values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]));

function fieldChanges(before: ServiceModel, after: ServiceModel): readonly FieldChange[] {
  const [a, b] = [flatten(before), flatten(after)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const [from, to] = [a.get(name) ?? null, b.get(name) ?? null];
    return from === to ? [] : [{ name, ...shown(from, to) }];
  });
}

/** New versions of secrets that a service is given; their values are nobody's business. */
function secretChanges(
  { secrets }: ServiceModel,
  before: Release | undefined,
  after: Release | undefined,
): readonly FieldChange[] {
  return secrets.flatMap(({ source }) => {
    const [from, to] = [before?.secrets[source]?.version, after?.secrets[source]?.version];
    if (from === undefined || to === undefined || from === to) return [];
    return [{ name: `secrets.${source}`, before: `version ${from}`, after: `version ${to}` }];
  });
}
