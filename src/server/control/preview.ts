import type { Fixtures } from '#compile/fixtures.ts';
import type { Plan, Policy, Release } from '#plan/model.ts';
import type { CompileManifest } from '#server/loops/manifests.ts';
import type { AppModel } from '#spec/model.ts';
import type { Input } from '#wire/operations.ts';
import type { PlanPreview, ResourceChange } from '#wire/views.ts';
import type { Control } from './context.ts';
import { tryOut } from './fits.ts';
import { imagine } from './imagined.ts';
import { manifestChanges } from './manifest-diff.ts';
import { askPortHolders } from './port-holders.ts';
import { certificateProblems } from './release-certificates.ts';
import { keepRestarts, sameRelease } from './release-checks.ts';
import { secretsForPreview } from './release-secrets.ts';
import { runningRelease, wantedRelease, withRelease } from './releases.ts';
import { checkRules } from './rule-checks.ts';
import { serviceChanges } from './service-diff.ts';

export interface PreviewParts {
  readonly compile: CompileManifest;
  readonly fixtures: Fixtures;
}

/** What a deploy of the model would change on each machine once the fleet has come to rest. Stores nothing. */
export async function previewApp(
  control: Control,
  input: Input<'previewApp'>,
  { compile, fixtures }: PreviewParts,
): Promise<PlanPreview> {
  const { state } = control;
  const { plan } = state;
  const { policy, inventory } =
    input.fleet === undefined
      ? { policy: state.policy, inventory: control.inventory() }
      : await imagine(control, input.fleet);
  const { name } = input.model;
  const app = policy.apps[name];
  const before = wantedRelease(app);
  const model = withImages(keepRestarts(input.model, before), before);
  const { versions, problems: missing } = await secretsForPreview(model, input.origins, control.secrets);
  const holders = await askPortHolders(control, { app: name, model });
  const rules = checkRules({ model, origins: input.origins }, policy);
  const certificates = await certificateProblems(control, {
    ...{ model, origins: input.origins, values: {}, versions },
  });
  const draft = { model, secrets: versions };
  const numbers = Object.keys(app?.releases ?? {}).map(Number);
  const release: Release = {
    ...draft,
    app: name,
    number: before && sameRelease(before, draft) ? before.number : Math.max(0, ...numbers) + 1,
    origins: input.origins,
    at: state.now(),
    by: '',
    note: 'preview',
  };
  const trial = withRelease(policy, release);
  const { plan: end, problems } = tryOut({ ...control, inventory: () => inventory }, trial, release);
  const running = app === undefined || app.wanted === null ? undefined : runningRelease(control, app);
  const changes = Object.keys(policy.machines).flatMap((machine) => {
    const of = (wanted: Policy, at: Plan) => compile({ policy: wanted, plan: at, machine, fixtures });
    return manifestChanges(of(policy, plan), of(trial, end));
  });
  return {
    app: name,
    parent: plan.number,
    release: { before: running?.number ?? null, after: release.number },
    services: serviceChanges(name, { release: running, plan }, { release, plan: end }),
    changes,
    placements: Object.values(end.replicas)
      .filter((replica) => replica.app === name && !(replica.id in plan.replicas))
      .map(({ id, machine, reason }) => ({ replica: id, machine, reason })),
    problems: [
      ...rules.problems,
      ...missing,
      ...certificates,
      ...problems,
      ...holders.problems(release, end),
    ],
    ...(rules.warnings.length === 0 ? {} : { warnings: rules.warnings }),
    summary: summaryOf(changes),
  };
}

function summaryOf(changes: readonly ResourceChange[]): PlanPreview['summary'] {
  const count = (action: ResourceChange['action']) =>
    changes.filter((change) => change.action === action).length;
  return {
    add: count('create'),
    change: count('update'),
    replace: count('replace'),
    remove: count('delete'),
  };
}

/** A preview builds nothing: an image that is not known yet is taken as the one that runs, else it gets a stand-in. */
function withImages(model: AppModel, before: Release | undefined): AppModel {
  const services = Object.entries(model.services).map(([name, service]) => {
    if (service.image?.includes('@sha256:')) return [name, service];
    const running = before?.model.services[name]?.image;
    const keeps =
      running !== undefined &&
      (service.build || service.image === undefined || running.startsWith(repository(service.image)));
    return [
      name,
      { ...service, image: keeps ? running : (service.image ?? `registry.internal/${model.name}/${name}`) },
    ];
  });
  return { ...model, services: Object.fromEntries(services) as AppModel['services'] };
}

/** `registry.internal/postgres:17` -> `registry.internal/postgres`. */
const repository = (image: string): string => image.replace(/:[^/:]*$/, '');
