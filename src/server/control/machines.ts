import { BallastError } from '#base/errors.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { MachineRecord } from '#plan/model.ts';
import { enrolmentFor, enrolmentsOf, isEnrolled, revoked } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { keysGivenUp } from '#server/mesh.ts';
import { voidedTickets } from '#server/tickets.ts';
import { isMade, type ProviderKind } from '#spec/fleet-model.ts';
import type { Input } from '#wire/operations.ts';
import type { Enrolment } from '#wire/views.ts';
import type { Control } from './context.ts';
import { knownMachine, refuseFull, volumesGivenUp } from './leaving.ts';
import { newRecords } from './machine-records.ts';
import { refuseLoss } from './needed.ts';
import { destructionOf } from './places.ts';

/** Where machines find the server, and whom they trust there. */
export interface Door {
  readonly ca: string;
  /** The URL that a machine is to dial. */
  readonly urlFor: (machine: {
    readonly provider: ProviderKind;
    readonly address: string;
  }) => Promise<string>;
}

/** Lets a machine in: gives the one-time token with which its agent joins. */
export async function addMachine(
  control: Control,
  input: Input<'addMachine'>,
  { by, door }: { readonly by: string; readonly door: Door },
): Promise<Enrolment> {
  const { state } = control;
  const { name, provider, address } = input;
  const server = await door.urlFor({ provider, address });
  return await state.exclusive(async () => {
    const there = state.policy.machines[name];
    if (there?.leaving) {
      throw new BallastError('conflict', `${name} is on its way out of the fleet`, {
        fix: `wait until it is out, or see to the end of it: \`ballast machine rm ${name}\``,
      });
    }
    if (there && (await isEnrolled(state, name))) {
      throw new BallastError('refused', `there is a machine ${name} already`, {
        why: `it has the address ${there.address} and has joined`,
        fix: `choose another name, or put it out first: \`ballast machine rm ${name}\``,
      });
    }
    const clash = Object.values(state.policy.machines).find(
      (each) => each.address === address && each.name !== name,
    );
    if (clash && provider === 'ssh') {
      throw new BallastError('refused', `${address} is the address of ${clash.name}`, {
        fix: 'each machine needs an address of its own',
      });
    }
    const reached = provider === 'ssh' ? { address, ...(input.ssh ? { ssh: input.ssh } : {}) } : {};
    const labels = { ...poolOf(state.policy.fleet, name)?.labels, ...input.labels };
    const added = there
      ? { set: { [keys.machine(name)]: { ...there, labels, ...reached } } }
      : await newRecords(control, state.policy.fleet, [{ name, provider, labels, ...reached }]);
    const enrolment = enrolmentFor(name, state.now());
    await state.commit({
      set: { ...(await enrolmentsOf(state, name)), ...added.set, ...enrolment.set },
      bump: true,
      events: [
        {
          kind: 'machine-added',
          machine: name,
          by,
          cause: 'intentional',
          what: `${name} (${address}) may join the fleet`,
        },
      ],
    });
    return {
      machine: name,
      token: enrolment.token,
      server,
      ca: door.ca,
      expiresAt: enrolment.expiresAt,
    };
  });
}

/** Puts a machine out for good: its certificates are void from now on. One that still holds something only by force. */
export async function removeMachine(
  control: Control,
  { machine: name, force = false, check = false }: Input<'removeMachine'>,
  by: string,
): Promise<void> {
  await control.state.exclusive(async () => {
    const machine = knownMachine(control, name);
    if (!force) {
      // What could be lost by its leaving was asked when it began to leave.
      if (machine.leaving === undefined && machine.draining?.then !== 'leave') {
        refuseLoss(control, { machines: [machine], command: `ballast machine rm ${name}` });
      }
      await refuseFull(control, machine);
    }
    if (!check) await takeOut(control, machine, by);
  });
}

/** The commit by which a machine is no longer part of the fleet. The caller holds the state. */
export async function takeOut(control: Control, machine: MachineRecord, by: string): Promise<void> {
  const { state } = control;
  const { policy, plan } = state;
  const { name, provider } = machine;
  const pool = poolOf(policy.fleet, name);
  const volumes = Object.keys(plan.volumes).filter((volume) => plan.volumes[volume] === name);
  await state.commit({
    set: {
      ...(await revoked(state, name, 'it was put out of the fleet')),
      [keys.machine(name)]: null,
      ...(await voidedTickets(state, { machine: name })),
      ...keysGivenUp(machine, state.now()),
      ...(isMade(provider) ? { [keys.destruction(name)]: destructionOf(machine) } : {}),
      ...(pool ? { [keys.fleet]: withoutMachine(policy.fleet, pool.name, name) } : {}),
      ...volumesGivenUp(control, name),
    },
    bump: true,
    events: [
      {
        kind: 'machine-removed',
        machine: name,
        by,
        cause: 'intentional',
        what: `${name} is out of the fleet${volumes.length > 0 ? `; the volumes ${volumes.join(', ')} were given up` : ''}`,
      },
    ],
  });
  control.forget?.(name);
}

/** The fleet file no longer asks for it, if that can be said by its pool’s count. */
function withoutMachine(fleet: Control['state']['policy']['fleet'], poolName: string, machine: string) {
  const { [poolName]: pool, ...others } = fleet.pools;
  if (pool === undefined) return fleet;
  const registry = fleet.registry.machine === machine ? {} : fleet.registry;
  if (pool.count === undefined) return { ...fleet, registry, pools: others };
  const last = machine === `${pool.name}-${pool.count}`;
  return last
    ? { ...fleet, registry, pools: { ...fleet.pools, [poolName]: { ...pool, count: pool.count - 1 } } }
    : { ...fleet, registry };
}
