import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import { eventKinds } from '#wire/event-kinds.ts';
import type { FleetEvent } from '#wire/views.ts';
import { showTime } from './render/age.ts';
import { formOf, type OutputFlags } from './render/output.ts';
import { padEnd, tame } from './render/text.ts';
import { line, type Shell } from './shell.ts';

/** Prints events one by one, in the form that was asked for. As YAML each is a document of its own. */
export async function eventPrinter(
  flags: OutputFlags,
  shell: Pick<Shell, 'out'>,
): Promise<(event: FleetEvent) => void> {
  const form = formOf(flags);
  const { stringify } = form === 'yaml' ? await import('yaml') : {};
  return (event) => {
    if (stringify) shell.out.write(`---\n${stringify(event, { lineWidth: 0 })}`);
    else if (form === 'json') line(shell.out, JSON.stringify(event));
    else if (form === 'name') line(shell.out, String(event.seq));
    else line(shell.out, eventLine(event, shell, form === 'wide'));
  };
}

/** `2026-11-22 14:03:07  app-1  guestbook  web-1 is healthy  (by ana)`; `wide`: with its number and kind. */
export function eventLine(event: FleetEvent, { out: { paint } }: Pick<Shell, 'out'>, wide = false): string {
  const where = [event.machine, event.app].filter((part) => part !== undefined).join(' ');
  const cause = event.cause === 'corrective' ? paint.yellow(' (corrective)') : '';
  const by = event.by === undefined ? '' : paint.dim(` (by ${tame(event.by)})`);
  const kind = wide ? `${String(event.seq).padStart(6)}  ${padEnd(tame(event.kind), 19)}  ` : '';
  return `${paint.dim(showTime(event.at))}  ${kind}${paint.cyan(padEnd(tame(where), 16))}  ${tame(event.what)}${cause}${by}`;
}

/** The kinds that were asked for; one that there is not is refused, since nothing would ever be shown of it. */
export function kindsOf(words: readonly string[]): readonly string[] {
  const kinds = words.flatMap((text) => text.split(','));
  for (const kind of kinds) {
    if (eventKinds.includes(kind)) continue;
    const near = suggest(kind, eventKinds);
    throw new BallastError('usage', `there is no kind of event "${kind}"`, {
      fix: near === undefined ? `known are ${eventKinds.join(', ')}` : `did you mean ${near}?`,
    });
  }
  return kinds;
}
