import { showSize } from '#base/size.ts';
import type { FleetPreview, MachineChange } from '#wire/views.ts';
import { type Canvas, changeHead, fieldLines } from './plan-canvas.ts';
import { count, padEnd, tame } from './render/text.ts';
import { resourceLines } from './resource-lines.ts';

/** What a fleet file would change, as people read it: machines first, then what changes on those that are there. */
export function fleetPlanLines(preview: FleetPreview, canvas: Canvas, wide: boolean): string[] {
  const { paint } = canvas;
  const { fleet, machines, fields, changes, summary } = preview;
  if (!fleetHasChanges(preview)) {
    return [`${paint.bold('Plan:')} nothing to do: the fleet ${fleet} is like this already.`];
  }
  const width = Math.max(0, ...machines.map(({ machine }) => machine.length));
  const rest =
    changes.length === 0 ? '' : `; with them ${count(changes.length, 'resource')} of what machines hold`;
  return [
    `${paint.bold(`fleet ${fleet}`)}`,
    ...machines.flatMap((machine) => machineLines(machine, width, canvas)),
    ...fieldLines(fields, canvas),
    '',
    ...resourceLines({ changes, reasons: new Map(), wide }, canvas),
    `${paint.bold('Plan:')} ${count(summary.add, 'machine')} to make, ${summary.change} to change, ${summary.remove} to remove${rest}.`,
  ];
}

export function fleetHasChanges({ machines, fields, changes }: FleetPreview): boolean {
  return machines.length + fields.length + changes.length > 0;
}

function machineLines(change: MachineChange, width: number, canvas: Canvas): string[] {
  const { machine, action, provider, address, note } = change;
  const fields = change.fields.map((field) =>
    field.name === 'memoryBytes'
      ? { name: 'memory', before: sizeOf(field.before), after: sizeOf(field.after) }
      : field,
  );
  const traits =
    action === 'create' ? [provider, address, ...fields.map(({ name, after }) => traitOf(name, after))] : [];
  const words = [
    ...traits.filter((text) => text !== '').map(tame),
    ...(note === '' ? [] : [canvas.paint.dim(tame(note))]),
  ];
  return [
    `${changeHead(action, padEnd(tame(machine), width), canvas)}  ${words.join(', ')}`.trimEnd(),
    ...(action === 'update' ? fieldLines(fields, canvas) : []),
  ];
}

const sizeOf = (bytes: string | null): string | null => (bytes === null ? null : showSize(Number(bytes)));

/** `2 cpus`, `4 GiB`, `zone=b`. */
function traitOf(name: string, value: string | null): string {
  if (name === 'cpus') return `${value} cpus`;
  if (name === 'memory') return value ?? '';
  return `${name.replace(/^labels\./, '')}=${value}`;
}
