import { BallastError } from '#base/errors.ts';
import { meshOf, turn, unmet } from '#plan/mesh.ts';
import { keys } from '#server/keys.ts';
import type { MeshView } from '#wire/mesh-views.ts';
import type { Control } from './context.ts';

/** Has all machines make new keys. While keys change already, that is all there is to do. */
export async function rotateKeys(control: Control, by: string): Promise<MeshView> {
  const { state } = control;
  await state.exclusive(async () => {
    const mesh = meshOf(state.policy);
    if (mesh.next !== undefined && mesh.next.round > 0) return;
    if (mesh.round === 0 || mesh.next !== undefined) {
      throw new BallastError('refused', 'there are no keys to change', {
        why: 'containers of different machines talk in the clear',
        fix: 'write network: { mesh: wireguard } in the fleet file, and deploy it',
      });
    }
    await state.commit({
      set: { [keys.mesh]: turn({ plan: state.plan.number + 1 }, mesh, mesh.last + 1) },
      bump: true,
      events: [
        { kind: 'mesh-changed', by, cause: 'intentional', what: 'machines make new keys for the mesh' },
      ],
    });
  });
  return meshView(control);
}

export function meshView({ state: { policy, plan }, inventory }: Control): MeshView {
  const { round, at, next } = meshOf(policy);
  return {
    carrier: round > 0 ? 'wireguard' : 'none',
    round,
    since: at,
    change: next === undefined ? null : { round: next.round, phase: next.phase, waitsFor: waits() },
  };

  function waits(): readonly string[] {
    if (next === undefined) return [];
    const { machines } = inventory();
    if (next.phase === 'preparing' && next.round > 0) {
      return unmet({ policy, inventory: inventory() }, next.round).map(
        ([one, other]) => `${one} has not met ${other} by the new keys`,
      );
    }
    return Object.values(machines)
      .filter(({ machine, connected }) => connected && policy.machines[machine]?.leaving === undefined)
      .filter(({ converged }) => converged < next.since)
      .map(({ machine, converged }) => `${machine} holds plan ${converged} of ${plan.number}`);
  }
}
