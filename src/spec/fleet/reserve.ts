import { present } from '#base/present.ts';
import { parseSizeBytes } from '#base/size.ts';
import type { ReserveModel } from '#spec/fleet-model.ts';
import type { Problems } from '#spec/problems.ts';
import { get, numberOf, type Tree, textOf } from '#spec/yaml/tree.ts';

/** What a pool keeps back for the system, or undefined when it says nothing. */
export function reserveOf(pool: string, value: Tree, problems: Problems): ReserveModel | undefined {
  const written = get(value, 'reserve');
  if (written === undefined) return undefined;
  const cpus = numberOf(get(written, 'cpus'));
  const memoryBytes = parseSizeBytes(textOf(get(written, 'memory')) ?? '');
  const size = {
    cpus: numberOf(get(value, 'size', 'cpus')),
    memory: parseSizeBytes(textOf(get(value, 'size', 'memory')) ?? ''),
  };
  const tooMuch = (key: 'cpus' | 'memory', kept: number | undefined): void => {
    const all = size[key];
    if (kept === undefined || all === undefined || kept < all) return;
    problems.add('bad-value', {
      what: `machines.${pool}.reserve.${key}: ${textOf(get(written, key))} is all that a machine has`,
      why: `its size is ${textOf(get(value, 'size', key))}, so that nothing is left for replicas`,
      fix: 'keep back less, or make the machines larger',
      at: get(written, key)?.at,
    });
  };
  tooMuch('cpus', cpus);
  tooMuch('memory', memoryBytes);
  return present({
    cpus,
    memoryBytes,
    diskBytes: parseSizeBytes(textOf(get(written, 'disk')) ?? ''),
  });
}
