import { showDuration } from '#base/duration.ts';
import type { MachineDrift } from '#wire/drift-views.ts';
import type { FleetEvent } from '#wire/views.ts';
import { showAge, showTime } from './render/age.ts';
import { count, tame } from './render/text.ts';
import type { Shell } from './shell.ts';

type Difference = MachineDrift['drift'][number];

/** What differs, machine by machine, then what was put right lately. */
export function driftLines(
  machines: readonly MachineDrift[],
  recent: readonly FleetEvent[],
  { out, now }: Pick<Shell, 'out' | 'now'>,
): readonly string[] {
  const { paint } = out;
  const lines: string[] = [];
  for (const { machine, status, drift } of machines) {
    if (status === 'online' && drift.length === 0) continue;
    lines.push(paint.bold(tame(machine)));
    if (status !== 'online')
      lines.push(`  ${paint.yellow(`is ${status}: nobody knows what differs there now`)}`);
    for (const one of drift) lines.push(...differenceLines(one, { paint, now: now() }), '');
    if (lines.at(-1) !== '') lines.push('');
  }
  const found = machines.reduce((sum, { drift }) => sum + drift.length, 0);
  if (found === 0) lines.push(paint.green('Nothing differs from what was declared.'));
  else lines.push(`${count(found, 'difference')} that nobody asked for.`);
  if (recent.length > 0) {
    lines.push('', paint.bold('Lately'));
    for (const event of recent) lines.push(`  ${recentLine(event, paint)}`);
  }
  return lines;
}

interface Look {
  readonly paint: Shell['out']['paint'];
  readonly now: number;
}

function differenceLines(one: Difference, { paint, now }: Look): readonly string[] {
  const by = one.by === undefined ? '' : `, ${tame(one.by)}`;
  return [
    `  ${paint.yellow('!')} ${tame(one.resource)}  ${foundWord(one)} since ${showAge(now - one.since)}${by}`,
    ...one.changes
      .filter(isTelling)
      .map(
        ({ name, before, after }) =>
          `      ${name}: ${tame(before ?? 'nothing')}, declared ${tame(after ?? 'nothing')}`,
      ),
    ...(one.origin === '' ? [] : [`      ${paint.dim(`asked for by ${tame(one.origin)}`)}`]),
    `      ${doingWord(one, now)}`,
    ...(one.failure === undefined ? [] : [`      ${paint.red(tame(one.failure))}`]),
  ];
}

const foundWord = ({ found, changes }: Difference): string =>
  ({
    missing: 'missing',
    changed: `differs (${changes.map(({ name }) => name).join(', ')})`,
    unwanted: 'there, and not wanted',
  })[found];

/** Digests say nothing to people, and what is missing altogether has been said to be. */
const isTelling = ({ before, after }: Difference['changes'][number]): boolean =>
  before !== null && ![before, after].some((value) => value?.startsWith('sha256:'));

/** What becomes of it. */
export function doingWord({ doing, until, failure }: Difference, now: number): string {
  if (doing === 'allowed') return `allowed for ${showDuration(Math.max(0, (until ?? now) - now))} more`;
  if (doing === 'reported') return 'left as it is: ballast repair puts it right';
  return failure === undefined ? 'being put right' : 'could not be put right; it is tried again';
}

function recentLine(event: FleetEvent, paint: Look['paint']): string {
  const by = event.by === undefined ? '' : paint.dim(` (by ${tame(event.by)})`);
  return `${paint.dim(showTime(event.at))}  ${tame(event.machine ?? '')}  ${tame(event.what)}${by}`;
}
