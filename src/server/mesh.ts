import { meshOf, newParts, nextMesh } from '#plan/mesh.ts';
import type { Inventory, MachineRecord } from '#plan/model.ts';
import { keys } from './keys.ts';
import type { FleetState, NewEvent } from './state.ts';

/** Keeps the public keys that machines tell, and takes the next step towards other keys when all can. */
export async function tendMesh(state: FleetState, inventory: () => Inventory): Promise<void> {
  if (newParts({ policy: state.policy, inventory: inventory() }).length > 0) await keepKeys(state, inventory);
  const input = () => ({
    policy: state.policy,
    inventory: inventory(),
    plan: state.plan.number + 1,
    now: state.now(),
  });
  if (nextMesh(input()) === undefined) return;
  await state.exclusive(async () => {
    const before = meshOf(state.policy);
    const next = nextMesh(input());
    if (next === undefined) return;
    await state.commit({ set: { [keys.mesh]: next }, bump: true, events: toldOf(before, next) });
  });
}

async function keepKeys(state: FleetState, inventory: () => Inventory): Promise<void> {
  await state.exclusive(async () => {
    const set: Record<string, unknown> = {};
    for (const { machine, mesh, retired } of newParts({ policy: state.policy, inventory: inventory() })) {
      const known = Object.values(machine.mesh?.keys ?? {});
      const fresh = Object.values(mesh.keys).filter((key) => !known.includes(key));
      // Whoever comes with a key that was given up once gets nowhere with it.
      const isOld = await Promise.all(fresh.map((key) => state.store.get(keys.retiredKey(key))));
      if (isOld.some((entry) => entry !== undefined)) continue;
      set[keys.machine(machine.name)] = { ...machine, mesh } satisfies MachineRecord;
      Object.assign(set, retiredKeys(machine.name, retired, state.now()));
    }
    if (Object.keys(set).length > 0) await state.commit({ set, bump: true });
  });
}

/** What is to be committed so that no machine ever has these keys again. */
export const retiredKeys = (
  machine: string,
  retired: readonly string[],
  at: number,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(retired.map((key) => [keys.retiredKey(key), { machine, at }]));

/** The keys of a machine that is no more. */
export const keysGivenUp = (machine: MachineRecord, at: number): Readonly<Record<string, unknown>> =>
  retiredKeys(machine.name, Object.values(machine.mesh?.keys ?? {}), at);

function toldOf(before: ReturnType<typeof meshOf>, after: ReturnType<typeof meshOf>): readonly NewEvent[] {
  const event = (what: string): readonly NewEvent[] => [{ kind: 'mesh-changed', what }];
  const { next } = after;
  if (next === undefined && before.next?.phase === 'preparing')
    return event('machines stay with what carries their containers’ traffic now');
  if (next?.phase === 'preparing')
    return event(
      next.round === 0
        ? 'containers of different machines are to talk in the clear'
        : before.round === 0
          ? 'machines make keys, to encrypt what their containers say to each other'
          : 'machines make new keys for the mesh',
    );
  if (next?.phase === 'moving')
    return event(
      next.round === 0
        ? 'traffic between machines leaves the mesh'
        : 'traffic between machines moves to the new keys',
    );
  return event(
    after.round === 0
      ? 'traffic between machines is in the clear: the mesh is gone'
      : 'traffic between machines is encrypted by the new keys, and the old ones are void',
  );
}
