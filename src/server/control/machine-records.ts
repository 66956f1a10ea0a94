import { must } from '#base/assert.ts';
import { nthAddress, nthSubnet, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import type { MachineRecord } from '#plan/model.ts';
import { keys } from '#server/keys.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
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
  const records = wanted.map((machine): MachineRecord => {
    index += 1;
    const address = machine.address ?? nthAddress(machines, index);
    if (address === undefined || nthSubnet(containers, 24, index) === undefined) {
      throw new BallastError('does-not-fit', `the fleet has no number left for ${machine.name}`, {
        why: `each machine gets a /24 of ${fleet.network.containers} for ever, and ${index - 1} were given`,
      });
    }
    return { ...machine, index, address, schedulable: true };
  });
  const set = Object.fromEntries(records.map((record) => [keys.machine(record.name), record]));
  return { records, set: records.length === 0 ? {} : { ...set, [keys.lastMachine]: index } };
}
