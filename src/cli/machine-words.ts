import type { MachineView, ReplicaView } from '#wire/views.ts';
import { showAge } from './render/age.ts';
import type { Paint } from './render/paint.ts';

/** Where a machine stands: the STATUS column. */
export function lifeWord({ state, awaySince }: MachineView, now: number): string {
  const since = awaySince === null ? '' : ` for ${showAge(now - awaySince)}`;
  return state === 'away' || state === 'lost' || state === 'held' ? `${state}${since}` : state;
}

/** A machine as programs are told of it: in the words that people read, and whether it is connected. */
export const machineData = (machine: MachineView) => ({
  ...machine,
  status: machine.state,
  connected: machine.status === 'online',
});

/** What more there is to say of a machine: the NOTE column. */
export function machineNote({ note, conditions }: MachineView, now: number): string {
  const short = conditions.map(({ kind, since }) => `${kind} for ${showAge(now - since)}`);
  return [...short, ...(note === undefined ? [] : [note])].join('; ');
}

/** Whether a machine holds what the plan wants: the UP TO DATE column. */
export function conformityWord({ conformity, status, leaving }: MachineView): string {
  if (leaving === 'empty') return 'empty';
  if (status === 'pending') return 'not joined yet';
  if (status === 'offline') return 'unknown';
  return { 'up-to-date': 'yes', updating: 'updating', failing: 'failing', unknown: 'unknown' }[conformity];
}

export function machineColour(
  paint: Paint,
  { status, conformity, leaving, conditions }: MachineView,
): (text: string) => string {
  if (leaving !== undefined) return paint.yellow;
  if (status === 'offline' || conformity === 'failing') return paint.red;
  if (status === 'pending' || conformity === 'updating') return paint.yellow;
  if (conditions.length > 0) return paint.yellow;
  return status === 'online' && conformity === 'up-to-date' ? paint.green : paint.yellow;
}

/** Replicas on machines that nobody can tell to stop them: they run on there, if the machine does. */
export function onAwayMachines(
  replicas: readonly ReplicaView[],
  machines: readonly MachineView[],
): readonly ReplicaView[] {
  const online = new Set(machines.filter(({ status }) => status === 'online').map(({ name }) => name));
  return replicas.filter(({ machine }) => !online.has(machine));
}
