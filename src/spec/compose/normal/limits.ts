import { present } from '#base/present.ts';
import { showSize } from '#base/size.ts';
import type { BlockIoModel } from '#spec/block-io-model.ts';
import type { ResourcesModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, numberOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { bytesOf, integerOf, limitOf } from './values.ts';

interface Spelling<T> {
  readonly name: string;
  readonly tree: Tree | undefined;
  readonly value: T | undefined;
}

/** One value that may be written in several places, which then have to agree. */
export function fold<T>(scope: ServiceScope, ...spellings: readonly Spelling<T>[]): T | undefined {
  const given = spellings.filter((one) => one.value !== undefined);
  const [first, ...others] = given;
  for (const other of others) {
    if (other.value === first?.value) continue;
    complain(scope, 'conflict', other.tree, {
      what: `${other.name} and ${first?.name} say different things`,
      why: 'both are names of one setting',
      fix: `keep ${first?.name}`,
    });
  }
  return first?.value;
}

/** Limits and reservations, old and new spellings together. */
export function resourcesOf(scope: ServiceScope): { limits: ResourcesModel; reservations: ResourcesModel } {
  const read = <T>(name: string, parse: (tree: Tree | undefined) => T | undefined): Spelling<T> => {
    const tree = at(scope, ...name.split('.'));
    return { name, tree, value: parse(tree) };
  };
  const cpus = (tree: Tree | undefined): number | undefined => limitOf(numberOf(tree));
  const bytes = (tree: Tree | undefined): number | undefined => limitOf(bytesOf(tree));
  const pids = (tree: Tree | undefined): number | undefined => limitOf(integerOf(tree));
  const limits = present({
    cpus: fold(scope, read('deploy.resources.limits.cpus', cpus), read('cpus', cpus), quota(scope)),
    memoryBytes: fold(scope, read('deploy.resources.limits.memory', bytes), read('mem_limit', bytes)),
    pids: fold(scope, read('deploy.resources.limits.pids', pids), read('pids_limit', pids)),
  });
  const reservations = present({
    cpus: cpus(at(scope, 'deploy', 'resources', 'reservations', 'cpus')),
    memoryBytes: fold(
      scope,
      read('deploy.resources.reservations.memory', bytes),
      read('mem_reservation', bytes),
    ),
  });
  const tree = at(scope, 'deploy', 'resources', 'reservations') ?? at(scope, 'mem_reservation');
  const told = (what: string, reserved: string, limit: string): void =>
    complain(scope, 'conflict', tree, {
      what: `${what} reserved (${reserved}) is more than the limit (${limit})`,
      fix: 'lower the reservation or raise the limit',
    });
  if ((reservations.memoryBytes ?? 0) > (limits.memoryBytes ?? Infinity)) {
    told('memory', showSize(reservations.memoryBytes ?? 0), showSize(limits.memoryBytes ?? 0));
  }
  if ((reservations.cpus ?? 0) > (limits.cpus ?? Infinity)) {
    told('cpus', String(reservations.cpus), String(limits.cpus));
  }
  return { limits, reservations };
}

/** `cpu_quota` of `cpu_period`: another way to say how many cores. */
function quota(scope: ServiceScope): Spelling<number> {
  const tree = at(scope, 'cpu_quota');
  const microseconds = limitOf(numberOf(tree));
  const period = numberOf(at(scope, 'cpu_period')) ?? 100_000;
  return { name: 'cpu_quota', tree, value: microseconds === undefined ? undefined : microseconds / period };
}

/** Memory and swap together; -1 for swap without limit. */
export function memorySwapOf(scope: ServiceScope, memoryBytes: number | undefined): number | undefined {
  const tree = at(scope, 'memswap_limit');
  const total = bytesOf(tree);
  if (total === undefined || total === 0) return undefined;
  if (memoryBytes === undefined || (total !== -1 && total < memoryBytes)) {
    complain(scope, 'conflict', tree, {
      what:
        memoryBytes === undefined
          ? 'memswap_limit needs a memory limit'
          : 'memswap_limit is below the memory limit',
      why: 'it is the sum of memory and swap',
      fix: memoryBytes === undefined ? 'add deploy.resources.limits.memory' : 'raise it, or set it to -1',
    });
  }
  return total;
}

export function blockIoOf(scope: ServiceScope): BlockIoModel | undefined {
  const tree = at(scope, 'blkio_config');
  if (tree?.kind !== 'mapping') return undefined;
  const rates = (key: string): readonly { path: string; rate: number }[] =>
    itemsOf(get(tree, key)).flatMap((item) => {
      const path = textOf(get(item, 'path'));
      const rate = bytesOf(get(item, 'rate'));
      return path === undefined || rate === undefined ? [] : [{ path, rate }];
    });
  return present({
    weight: integerOf(get(tree, 'weight')),
    deviceWeights: itemsOf(get(tree, 'weight_device')).flatMap((item) => {
      const path = textOf(get(item, 'path'));
      const weight = integerOf(get(item, 'weight'));
      return path === undefined || weight === undefined ? [] : [{ path, weight }];
    }),
    readBps: rates('device_read_bps'),
    writeBps: rates('device_write_bps'),
    readIops: rates('device_read_iops'),
    writeIops: rates('device_write_iops'),
  });
}
