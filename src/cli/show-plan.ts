import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import type { PlanPreview, RegistryAccess } from '#wire/views.ts';
import type { LoadedApp } from './load-app.ts';
import { hasChanges, planLines } from './plan-lines.ts';
import { formOf, type OutputFlags, printData } from './render/output.ts';
import { listOf } from './render/text.ts';
import { line, type Shell } from './shell.ts';

export interface PlanFlags extends OutputFlags {
  readonly 'detailed-exitcode': boolean;
  readonly quiet: boolean;
}

/** Asks what a deploy would change and prints it. Exit code 0, or 2 for changes when that was asked for. */
export async function planLoaded(
  { model, origins }: LoadedApp,
  access: Promise<RegistryAccess>,
  flags: PlanFlags,
  client: Client,
  shell: Shell,
): Promise<number> {
  const { peekImages } = await import('#host/images/peek.ts');
  const images = await peekImages({ model, access: await access, signal: shell.signal });
  const preview = await client.call('previewApp', { model: images.model, origins }, { signal: shell.signal });
  refuseProblems(preview);
  const form = formOf(flags);
  if (form === 'json' || form === 'yaml') {
    await printData({ ...preview, made_at_deploy: images.unknown }, form, shell);
  } else {
    for (const text of planLines(preview, shell.out)) line(shell.out, text);
    if (images.unknown.length > 0 && !flags.quiet) {
      line(
        shell.err,
        `The image of ${listOf(images.unknown)} is made at deploy: what it changes shows then.`,
      );
    }
  }
  return flags['detailed-exitcode'] && hasChanges(preview.summary) ? 2 : 0;
}

/** Throws when a deploy would be refused. */
export function refuseProblems({ app, problems }: PlanPreview): void {
  if (problems.length === 0) return;
  throw new BallastError('does-not-fit', `${app} cannot be deployed like this; nothing was changed`, {
    problems,
  });
}
