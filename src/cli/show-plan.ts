import { BallastError } from '#base/errors.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Client } from '#wire/client.ts';
import type { FleetPreview, PlanPreview } from '#wire/views.ts';
import { printWarnings } from './failure.ts';
import { fleetHasChanges, fleetPlanLines } from './fleet-plan-lines.ts';
import type { LoadedFleet } from './load-fleet.ts';
import type { Planned } from './load-planned.ts';
import { hasChanges, planLines } from './plan-lines.ts';
import { formOf, type OutputFlags, printData } from './render/output.ts';
import { listOf } from './render/text.ts';
import { line, type Shell } from './shell.ts';

export interface PlanFlags extends OutputFlags {
  readonly 'detailed-exitcode': boolean;
  readonly quiet: boolean;
}

interface AppPlan {
  readonly preview: PlanPreview;
  /** Services whose image is made at deploy, so that what it changes cannot be told. */
  readonly unknown: readonly string[];
}

/** Asks what a deploy would change and prints it. Exit code 0, or 2 for changes when that was asked for. */
export async function showPlan(
  { fleet, app }: Planned,
  flags: PlanFlags,
  client: Client,
  shell: Shell,
): Promise<number> {
  const machines = fleet && (await fleetPlan(fleet, client, shell));
  // Where the fleet cannot be made so, what an app would do on it is idle.
  const refused = machines !== undefined && machines.problems.length > 0;
  const services = app && !refused ? await appPlan(app, fleet?.fleet, { client, shell }) : undefined;
  await print({ machines, services }, flags, shell);
  if (machines && refused) throw refusedFleet(machines);
  const changes =
    (machines !== undefined && fleetHasChanges(machines)) ||
    (services !== undefined && hasChanges(services.preview));
  return flags['detailed-exitcode'] && changes ? 2 : 0;
}

async function fleetPlan(
  { fleet, origins }: LoadedFleet,
  client: Client,
  shell: Shell,
): Promise<FleetPreview> {
  return await client.call('previewFleet', { fleet, origins }, { signal: shell.signal });
}

async function appPlan(
  { model, origins, access }: NonNullable<Planned['app']>,
  fleet: FleetModel | undefined,
  { client, shell }: { readonly client: Client; readonly shell: Shell },
): Promise<AppPlan> {
  const { peekImages } = await import('#host/images/peek.ts');
  const images = await peekImages({ model, origins, access: await access, signal: shell.signal });
  const input = { model: images.model, origins, ...(fleet === undefined ? {} : { fleet }) };
  const preview = await client.call('previewApp', input, { signal: shell.signal });
  refuseProblems(preview);
  printWarnings(preview.warnings ?? [], shell);
  return { preview, unknown: images.unknown };
}

interface Plans {
  readonly machines: FleetPreview | undefined;
  readonly services: AppPlan | undefined;
}

async function print({ machines, services }: Plans, flags: PlanFlags, shell: Shell): Promise<void> {
  const form = formOf(flags);
  if (form === 'json' || form === 'yaml') {
    const app = services && { ...services.preview, made_at_deploy: services.unknown };
    const data = machines && app ? { plans: [machines, app] } : (machines ?? app ?? {});
    await printData({ ...data }, form, shell);
    return;
  }
  const wide = form === 'wide';
  if (machines) for (const text of fleetPlanLines(machines, shell.out, wide)) line(shell.out, text);
  if (machines && services) line(shell.out, '');
  if (!services) return;
  for (const text of planLines(services.preview, shell.out, wide)) line(shell.out, text);
  if (services.unknown.length > 0 && !flags.quiet) {
    line(
      shell.err,
      `The image of ${listOf(services.unknown)} is made at deploy: what it changes shows then.`,
    );
  }
}

/** Throws when a deploy would be refused. */
export function refuseProblems({ app, problems }: PlanPreview): void {
  if (problems.length === 0) return;
  throw new BallastError('does-not-fit', `${app} cannot be deployed like this; nothing was changed`, {
    problems,
  });
}

function refusedFleet({ fleet, problems }: FleetPreview): BallastError {
  return new BallastError('refused', `the fleet ${fleet} cannot be made so; nothing was changed`, {
    problems,
  });
}
