import type { MachineView } from '#wire/views.ts';
import type { Paint } from './render/paint.ts';

/** Whether a machine holds what the plan wants: the UP TO DATE column. */
export function conformityWord({ conformity, status }: MachineView): string {
  if (status === 'pending') return 'not joined yet';
  if (status === 'offline') return 'unknown';
  return { 'up-to-date': 'yes', updating: 'updating', failing: 'failing', unknown: 'unknown' }[conformity];
}

export function machineColour(paint: Paint, { status, conformity }: MachineView): (text: string) => string {
  if (status === 'offline' || conformity === 'failing') return paint.red;
  if (status === 'pending' || conformity === 'updating') return paint.yellow;
  return status === 'online' && conformity === 'up-to-date' ? paint.green : paint.yellow;
}
