import { must } from '#base/assert.ts';
import { nthAddress, nthSubnet, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { MachineRecord } from '#plan/model.ts';
import { keys } from '#server/keys.ts';
import type { FleetModel, IncusModel } from '#spec/fleet-model.ts';
import type { Control } from './context.ts';

/** Records for machines that are new, and what has to be committed with them. Numbers are never given twice. */
export async function newRecords(
  { state }: Pick<Control, 'state'>,
  fleet: FleetModel,
  wanted: readonly (Omit<MachineRecord, 'index' | 'address' | 'schedulable'> & {
    readonly address?: string;
  })[],
): Promise<{ readonly records: readonly MachineRecord[]; readonly set: Readonly<Record<string, unknown>> }> {
  const last = await state.store.get(keys.lastMachine);
  let index = last === undefined ? 0 : (JSON.parse(last.value) as number);
  const containers = must(parseCidr(fleet.network.containers), 'the containers’ network');
  const machines = must(parseCidr(fleet.network.machines), 'the machines’ network');
  const taken = new Set(Object.values(state.policy.machines).map((machine) => machine.address));
  const records = wanted.map((machine): MachineRecord => {
    index += 1;
    const on = machine.on ?? incusServerOf(fleet, machine);
    const address =
      machine.address ??
      (on === undefined ? nthAddress(machines, index) : freeAddress(fleet.incus?.[on], taken));
    taken.add(address ?? '');
    if (address === undefined || nthSubnet(containers, 24, index) === undefined) {
      throw new BallastError('does-not-fit', `the fleet has no number left for ${machine.name}`, {
        why: `each machine gets a number that no other had before, and a /24 of network.containers ${fleet.network.containers}: the ${index - 1} there are were given`,
        fix: 'the range cannot grow while machines live by it: move the apps to a fleet with a larger one',
      });
    }
    return { ...machine, ...(on === undefined ? {} : { on }), index, address, schedulable: true };
  });
  const set = Object.fromEntries(records.map((record) => [keys.machine(record.name), record]));
  return { records, set: records.length === 0 ? {} : { ...set, [keys.lastMachine]: index } };
}

const incusServerOf = (
  fleet: FleetModel,
  { name, provider }: Pick<MachineRecord, 'name' | 'provider'>,
): string | undefined => (provider === 'incus' ? poolOf(fleet, name)?.incus?.on : undefined);

/** The first address that no machine has. The first of all and the last are left to the network's own router. */
function freeAddress(server: IncusModel | undefined, taken: ReadonlySet<string>): string | undefined {
  const range = server && parseCidr(server.addresses);
  for (let n = 2; range !== undefined && n < range.size - 2; n += 1) {
    const address = nthAddress(range, n);
    if (address !== undefined && !taken.has(address)) return address;
  }
  throw new BallastError('does-not-fit', `no address is left on the Incus server ${server?.name ?? ''}`, {
    why: `machines there have addresses of ${server?.addresses ?? 'no network'}`,
    fix: 'choose a larger range by `addresses` in the fleet file',
  });
}
