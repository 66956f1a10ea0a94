import type { MachineRecord, Policy } from '#plan/model.ts';

/** Machines that take requests from the world: those labelled `ingress`, or all when none is. */
export function ingressMachines({ machines }: Pick<Policy, 'machines'>): readonly MachineRecord[] {
  const all = Object.values(machines).filter(({ leaving }) => leaving === undefined);
  const labelled = all.filter(({ labels }) => 'ingress' in labels && labels['ingress'] !== 'false');
  return labelled.length > 0 ? labelled : all;
}
