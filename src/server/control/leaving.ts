import { BallastError } from '#base/errors.ts';
import type { Inventory, MachineRecord } from '#plan/model.ts';
import { isEnrolled } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import type { FleetState } from '#server/state.ts';
import { isMade } from '#spec/fleet-model.ts';
import type { Input } from '#wire/operations.ts';
import { type Control, unknown } from './context.ts';
import { refuseLoss } from './needed.ts';

/**
 * Has a machine drop all that the fleet put on it: its replicas, units, files and firewall. Volumes stay on its disk;
 * the fleet forgets them only by force. Asked again it changes nothing. The machine is part of the fleet until it is
 * removed, so that what it does meanwhile is seen.
 */
export async function emptyMachine(
  control: Control,
  { machine: name, force = false }: Input<'emptyMachine'>,
  by: string,
): Promise<void> {
  const { state } = control;
  await state.exclusive(async () => {
    const machine = knownMachine(control, name);
    if (machine.leaving) return;
    if (!force && !control.inventory().machines[name]?.connected) throw away(name);
    if (!force && machine.draining?.then !== 'leave') {
      refuseLoss(control, { machines: [machine], command: `ballast machine rm ${name}` });
    }
    const replicas = Object.values(state.plan.replicas).filter((replica) => replica.machine === name);
    const leaving = { since: state.plan.number + 1, empty: false };
    const moving = replicas.map(({ app, service, slot }) => `${app}/${service}-${slot}`).join(', ');
    await state.commit({
      set: {
        [keys.machine(name)]: { ...machine, schedulable: false, leaving } satisfies MachineRecord,
        ...volumesGivenUp(control, name),
      },
      bump: true,
      events: [
        {
          kind: 'machine-leaving',
          machine: name,
          by,
          cause: 'intentional',
          what: `${name} is to leave the fleet; ${moving === '' ? 'no replica is on it' : `${moving} must run elsewhere`}`,
        },
      ],
    });
  });
}

/** Keeps it that machines on their way out have dropped everything, once they say so. */
export async function noteEmptied(state: FleetState, inventory: Inventory): Promise<void> {
  const emptied = Object.values(state.policy.machines).filter((machine) => hasEmptied(machine, inventory));
  for (const { name } of emptied) {
    await state.exclusive(async () => {
      const machine = state.policy.machines[name];
      if (machine?.leaving === undefined || machine.leaving.empty) return;
      const next: MachineRecord = { ...machine, leaving: { ...machine.leaving, empty: true } };
      const what = `${name} holds nothing of the fleet any more but images and volumes`;
      await state.commit({
        set: { [keys.machine(name)]: next },
        events: [{ kind: 'machine-empty', machine: name, what }],
      });
    });
  }
}

function hasEmptied({ name, leaving }: MachineRecord, inventory: Inventory): boolean {
  const report = inventory.machines[name];
  return leaving?.empty === false && report?.connected === true && report.converged >= leaving.since;
}

export function knownMachine({ state: { policy } }: Control, name: string): MachineRecord {
  const machine = policy.machines[name];
  if (machine === undefined) throw unknown('machine', name, Object.keys(policy.machines));
  return machine;
}

/** Refuses to let go of a machine that would go on running what it was given. */
export async function refuseFull({ state }: Control, machine: MachineRecord): Promise<void> {
  const { name, provider, leaving } = machine;
  if (isMade(provider) || leaving?.empty || !(await isEnrolled(state, name))) return;
  throw new BallastError('refused', `${name} still holds what the fleet put on it`, {
    why: 'once it is out, nobody can tell it to stop its containers',
    fix: `have it dropped first, which \`ballast machine rm ${name}\` does`,
  });
}

/** Volumes whose place the fleet must forget when the machine goes. */
export function volumesGivenUp({ state: { policy, plan } }: Control, name: string): Record<string, unknown> {
  const volumes = Object.keys(plan.volumes).filter((volume) => plan.volumes[volume] === name);
  return volumes.length === 0 ? {} : { [keys.dropped]: [...(policy.droppedVolumes ?? []), ...volumes] };
}

const away = (name: string): BallastError =>
  new BallastError('unreachable', `${name} is not connected, so it cannot be told to stop what it runs`, {
    why: 'its containers would go on, out of the fleet’s sight',
    fix: `bring it back (on it: systemctl status ballast-agent), or put it out as it is: \`ballast machine rm ${name} --force ${name}\``,
  });
