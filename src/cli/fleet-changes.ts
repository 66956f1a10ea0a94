import type { ResourceChange } from '#wire/views.ts';
import { type Canvas, changeMark } from './plan-canvas.ts';
import { tame } from './render/text.ts';

const namedMax = 6;

/** What is about to change on each machine, a line each: `app-1  + user ana, ~ file /etc/motd and 3 more`. */
export function changeSummary(changes: readonly ResourceChange[], canvas: Canvas): string[] {
  const machines = [...new Set(changes.map(({ machine }) => machine))].sort();
  return machines.map((machine) => {
    const own = changes.filter((change) => change.machine === machine);
    const named = own
      .slice(0, namedMax)
      .map(({ action, resource }) => `${changeMark(action, canvas)} ${tame(resource.replace(':', ' '))}`);
    const rest = own.length - named.length;
    return `  ${tame(machine)}  ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  });
}
