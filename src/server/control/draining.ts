import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { isDrained, replacementOf } from '#plan/machines/replacing.ts';
import type { MachineRecord } from '#plan/model.ts';
import { keys } from '#server/keys.ts';
import { registryMachine } from '#server/registry.ts';
import { isMade } from '#spec/fleet-model.ts';
import type { Input } from '#wire/operations.ts';
import type { Control } from './context.ts';
import { knownMachine } from './leaving.ts';
import { takeOut } from './machines.ts';
import { refuseLoss } from './needed.ts';
import { succeed } from './succession.ts';

/** Has a machine take no new replicas and, unless those it has may stay, give them to others. */
export async function drainMachine(
  control: Control,
  { machine: name, keep = false, leave = false, check = false }: Input<'drainMachine'>,
  by: string,
): Promise<void> {
  const { state } = control;
  await state.exclusive(async () => {
    const machine = knownMachine(control, name);
    const then = leave ? 'leave' : 'stay';
    if (machine.leaving || machine.draining?.then === then || (machine.draining && !leave)) return;
    if (keep && !machine.schedulable) return;
    if (leave) refuseLoss(control, { machines: [machine], command: `ballast machine rm ${name}` });
    if (check) return;
    const draining = keep ? {} : { draining: { since: state.now(), then, by } as const };
    await change(
      control,
      { ...machine, schedulable: false, ...draining },
      {
        kind: keep ? 'machine-closed' : 'machine-draining',
        by,
        what: keep
          ? `${name} takes no new replicas; those it has stay`
          : `${name} is being drained: its replicas move to other machines`,
      },
    );
  });
}

/** Lets a machine take replicas again. One that is about to go stays. */
export async function uncordonMachine(
  control: Control,
  { machine: name }: Input<'uncordonMachine'>,
  by: string,
): Promise<void> {
  await control.state.exclusive(async () => {
    const machine = knownMachine(control, name);
    if (machine.leaving) {
      throw new BallastError('conflict', `${name} is on its way out of the fleet`, {
        fix: `wait until it is out, then let it in again: \`ballast machine add ${name}\``,
      });
    }
    if (machine.schedulable) return;
    const { draining: _, ...rest } = machine;
    await change(
      control,
      { ...rest, schedulable: true },
      {
        kind: 'machine-opened',
        by,
        what: `${name} takes replicas again`,
      },
    );
  });
}

async function change(
  { state }: Control,
  machine: MachineRecord,
  event: { readonly kind: string; readonly by: string; readonly what: string },
): Promise<void> {
  await state.commit({
    set: { [keys.machine(machine.name)]: machine },
    bump: true,
    events: [{ ...event, machine: machine.name, cause: 'intentional' }],
  });
}

/**
 * Ends what plans have brought to its end: machines that are empty go or are replaced, and so are those that are lost
 * and whose pool says so. Each is one commit, so that a crash leaves it done or not begun.
 */
export async function endMachines(control: Control): Promise<void> {
  const { state } = control;
  const candidates = Object.values(state.policy.machines).filter(
    ({ name, draining }) => draining !== undefined || state.plan.machines?.[name]?.lostSince !== undefined,
  );
  for (const { name } of candidates) {
    await state.exclusive(async () => {
      const machine = state.policy.machines[name];
      if (machine !== undefined && machine.leaving === undefined) await end(control, machine);
    });
  }
}

async function end(control: Control, machine: MachineRecord): Promise<void> {
  const { state } = control;
  const { policy, plan } = state;
  const { draining } = machine;
  if (draining && draining.then !== 'stay') {
    if (!isDrained({ policy, plan, inventory: control.inventory() }, machine)) return;
    if (draining.then === 'leave') {
      // Nobody here can take the agent off a machine that was let in over ssh.
      if (isMade(machine.provider)) await takeOut(control, machine, draining.by);
    } else
      await succeed(control, machine, { by: draining.by, why: `${draining.by} asked for it`, giveUp: true });
    return;
  }
  const due = replacementOf({ policy, plan, registry: registryMachine(policy)?.name }, machine);
  if (due.kind !== 'due') return;
  const why = `it was away for ${showDuration(state.now() - due.lostSince)}`;
  await succeed(control, machine, { why, giveUp: true });
}
