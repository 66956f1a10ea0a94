import { BallastError } from '#base/errors.ts';
import { poolOf } from '#plan/machines/pool.ts';
import { remaining } from '#plan/machines/remaining.ts';
import type { MachineRecord } from '#plan/model.ts';
import { revoked } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { keysGivenUp } from '#server/mesh.ts';
import { voidedTickets } from '#server/tickets.ts';
import { isMade } from '#spec/fleet-model.ts';
import type { Input } from '#wire/operations.ts';
import type { Control } from './context.ts';
import { knownMachine, volumesGivenUp } from './leaving.ts';
import { newRecords } from './machine-records.ts';
import { refuseLoss } from './needed.ts';
import { destructionOf } from './places.ts';

/**
 * Puts a new machine in the place of one that Ballast made. One that is there is drained first; one that is away, or
 * has nothing left to move, is replaced at once.
 */
export async function replaceMachine(
  control: Control,
  { machine: name, force = false }: Input<'replaceMachine'>,
  by: string,
): Promise<void> {
  const { state } = control;
  await state.exclusive(async () => {
    const machine = knownMachine(control, name);
    if (!isMade(machine.provider)) throw notOurs(machine);
    if (machine.leaving || machine.draining?.then === 'leave') {
      throw new BallastError('conflict', `${name} is on its way out of the fleet`, {
        fix: 'wait until it is out; the fleet file says whether another one comes',
      });
    }
    const command = `ballast machine replace ${name}`;
    if (!force) refuseLoss(control, { machines: [machine], command, replaced: true });
    const inventory = control.inventory();
    if (inventory.machines[name]?.connected && remaining(state.plan, inventory, name).length > 0) {
      const draining = { since: state.now(), then: 'replace', by, ...(force ? { force } : {}) } as const;
      const next: MachineRecord = { ...machine, schedulable: false, draining };
      await state.commit({
        set: { [keys.machine(name)]: next },
        bump: true,
        events: [
          {
            ...{ kind: 'machine-draining', machine: name, by, cause: 'intentional' },
            what: `${name} is to be replaced: its replicas move first`,
          },
        ],
      });
      return;
    }
    await succeed(control, machine, { by, why: `${by} asked for it`, giveUp: true });
  });
}

export interface Succession {
  readonly by?: string;
  /** For people: `it was away for 2 m`. */
  readonly why: string;
  /** The data of its volumes may be forgotten; else what uses them waits. */
  readonly giveUp: boolean;
}

/**
 * Another machine takes the name: with a number, an address and an identity of its own. The old one's certificates
 * and tokens are void from this commit on, and it is marked to be destroyed; nothing of it can be left over by a crash.
 * The caller holds the state.
 */
export async function succeed(
  control: Control,
  machine: MachineRecord,
  { by, why, giveUp }: Succession,
): Promise<void> {
  const { state } = control;
  const { name, provider, index } = machine;
  const { fleet } = state.policy;
  const labels = poolOf(fleet, name)?.labels ?? machine.labels;
  const { records, set } = await newRecords(control, fleet, [{ name, provider, labels, successorOf: index }]);
  await state.commit({
    set: {
      ...(await revoked(state, name, 'it was replaced')),
      ...(await voidedTickets(state, { machine: name })),
      ...keysGivenUp(machine, state.now()),
      ...set,
      [keys.destruction(name)]: destructionOf(machine),
      ...(giveUp ? volumesGivenUp(control, name) : {}),
    },
    bump: true,
    events: [
      {
        ...{
          kind: 'machine-replaced',
          machine: name,
          cause: by === undefined ? 'corrective' : 'intentional',
        },
        ...(by === undefined ? {} : { by }),
        what: `${name} is replaced by a new machine (${records[0]?.address ?? ''}): ${why}; the old one is refused from now on`,
      },
    ],
  });
  control.forget?.(name);
}

const notOurs = ({ name, provider }: MachineRecord): BallastError =>
  new BallastError('not-supported', `${name} cannot be replaced by Ballast`, {
    why: `it is of provider ${provider}: nobody here can make another one in its place`,
    fix: `put it out and let another in: \`ballast machine rm ${name}\`, then \`ballast machine add ${name} --ssh USER@ADDRESS\``,
  });
