import { must } from '#base/assert.ts';
import { addressesSet, ingressSet, machinesSet, membersSet, networkSet } from './grants.ts';
import type { Traffic } from './traffic.ts';

/** Addresses by name of set: machines, those with ingress, members of Compose networks and of services. */
export function setsOf({ machines, placed, services }: Traffic): ReadonlyMap<string, readonly string[]> {
  const both = machines.flatMap(({ address, gateway }) => [address, gateway]);
  const ingress = machines.flatMap((machine) => (machine.ingress ? [machine.address, machine.gateway] : []));
  const found = new Map<string, string[]>([
    [machinesSet, both],
    [ingressSet, ingress],
  ]);
  const add = (name: string, addresses: readonly string[]): void => {
    const known = found.get(name);
    if (known === undefined) found.set(name, [...addresses]);
    else known.push(...addresses);
  };
  for (const { replica, release, service } of placed) {
    if (service.networkMode !== 'bridge') continue;
    for (const key of Object.keys(service.networks)) {
      const { name } = must(release.model.networks[key], `network ${key}`);
      add(networkSet(name), [replica.address]);
    }
  }
  for (const { key, virtual, members } of services.values()) {
    const own = members.map(({ address }) => address);
    add(membersSet(key), own);
    add(addressesSet(key), [...virtual, ...own]);
  }
  return found;
}
