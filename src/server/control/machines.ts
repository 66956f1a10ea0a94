import { BallastError } from '#base/errors.ts';
import { enrolmentFor, enrolmentsOf, isEnrolled } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { registryMachine } from '#server/registry.ts';
import type { Input } from '#wire/operations.ts';
import type { Enrolment } from '#wire/views.ts';
import { type Control, unknown } from './context.ts';
import { newRecords, poolOf } from './machine-records.ts';

/** Where machines find the server, and whom they trust there. */
export interface Door {
  readonly ca: string;
  /** The URL that a machine is to dial. */
  readonly urlFor: (machine: {
    readonly provider: 'ssh' | 'local';
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
    if (there && (await isEnrolled(state, name))) {
      throw new BallastError('conflict', `there is a machine ${name} already`, {
        why: `it has the address ${there.address} and has joined`,
        fix: `choose another name, or put it out first: \`ballast machine rm ${name}\``,
      });
    }
    const clash = Object.values(state.policy.machines).find(
      (each) => each.address === address && each.name !== name,
    );
    if (clash && provider === 'ssh') {
      throw new BallastError('conflict', `${address} is the address of ${clash.name}`, {
        fix: 'each machine needs an address of its own',
      });
    }
    const labels = { ...poolOf(state.policy.fleet, name)?.labels, ...input.labels };
    const added = there
      ? { set: { [keys.machine(name)]: { ...there, labels, ...(provider === 'ssh' ? { address } : {}) } } }
      : await newRecords(control, state.policy.fleet, [
          { name, provider, labels, ...(provider === 'ssh' ? { address } : {}) },
        ]);
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

/** Puts a machine out for good: its certificates are void from now on. */
export async function removeMachine(
  control: Control,
  input: Input<'removeMachine'>,
  by: string,
): Promise<void> {
  const { state } = control;
  const { machine: name, force = false } = input;
  await state.exclusive(async () => {
    const { policy, plan } = state;
    const machine = policy.machines[name];
    if (machine === undefined) throw unknown('machine', name, Object.keys(policy.machines));
    if (!force) refuseLoss(control, name);
    const pool = poolOf(policy.fleet, name);
    const volumes = Object.entries(plan.volumes).filter(([, place]) => place === name);
    await state.commit({
      set: {
        ...(await enrolmentsOf(state, name)),
        [keys.machine(name)]: null,
        [keys.agent(name)]: null,
        ...(machine.provider === 'local' ? { [keys.destruction(name)]: { machine: name } } : {}),
        ...(pool ? { [keys.fleet]: withoutMachine(policy.fleet, pool.name, name) } : {}),
        ...(volumes.length > 0
          ? { [keys.dropped]: [...(policy.droppedVolumes ?? []), ...volumes.map(([volume]) => volume)] }
          : {}),
      },
      bump: true,
      events: [
        {
          kind: 'machine-removed',
          machine: name,
          by,
          cause: 'intentional',
          what: `${name} is out of the fleet${volumes.length > 0 ? `; the volumes ${volumes.map(([volume]) => volume).join(', ')} were given up` : ''}`,
        },
      ],
    });
  });
}

function refuseLoss({ state: { policy, plan } }: Control, name: string): void {
  const volumes = Object.entries(plan.volumes).flatMap(([volume, place]) => (place === name ? [volume] : []));
  if (volumes.length > 0) {
    throw new BallastError('conflict', `${name} holds the data of ${volumes.join(', ')}`, {
      why: 'a volume lives on one machine, and its data would be lost with it',
      fix: `save the data first, then give it up: \`ballast machine rm ${name} --force\``,
    });
  }
  const others = Object.keys(policy.machines).length > 1;
  if (others && registryMachine(policy)?.name === name) {
    throw new BallastError('conflict', `${name} runs the fleet’s registry`, {
      why: 'the images of all releases are kept there',
      fix: `name another machine in the fleet file and deploy the apps again, or lose them: \`ballast machine rm ${name} --force\``,
    });
  }
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
