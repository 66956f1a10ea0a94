import { chain, map, type NftChain, type NftObject } from '#compile/nft/objects.ts';
import { type Grant, outboundGrants } from './grants.ts';
import { grantRules, refusal } from './rules.ts';
import type { NetService } from './services.ts';
import type { SharedTable } from './table.ts';
import { local, type NetMachine } from './traffic.ts';

const inChain = (key: string): string => `in-${key}`;
const outChain = (key: string): string => `out-${key}`;

/** The chain that says who may reach a service. */
export const judgeOf = (key: string, grants: readonly Grant[]): NftChain =>
  chain(inChain(key), [
    ...grants.flatMap((grant) => grantRules(grant, 'saddr', 'accept')),
    ...refusal(`refused ${key}`),
  ]);

/** Every virtual address is judged on every machine. */
export const virtualJudged = (services: readonly NetService[]): NftObject =>
  map(
    'vips_inbound',
    'ipv4_addr',
    services.flatMap(({ key, virtual }) => virtual.map((address) => `${address} : goto ${inChain(key)}`)),
  );

/** Who may reach services: what goes to virtual addresses is judged everywhere, containers are where they run. */
export function inboundObjects(
  { judges }: SharedTable,
  services: readonly NetService[],
  machine: NetMachine,
): readonly NftObject[] {
  const judged = services.filter(
    ({ virtual, members }) => virtual.length > 0 || local(members, machine).length > 0,
  );
  return [
    ...judged.flatMap(({ key }) => judges.get(key) ?? []),
    map(
      'inbound',
      'ipv4_addr',
      services.flatMap(({ key, members }) =>
        local(members, machine).map(({ address }) => `${address} : goto ${inChain(key)}`),
      ),
    ),
  ];
}

/** What containers of this machine may reach, where somebody said so. */
export function outboundObjects(
  { traffic }: SharedTable,
  limited: readonly NetService[],
  machine: NetMachine,
): readonly NftObject[] {
  return [
    ...limited.map((service) =>
      chain(outChain(service.key), [
        ...(outboundGrants(traffic, service) ?? []).flatMap((grant) => grantRules(grant, 'daddr', 'return')),
        ...refusal(`refused from ${service.key}`),
      ]),
    ),
    map(
      'outbound',
      'ipv4_addr',
      limited.flatMap(({ key, members }) =>
        local(members, machine).map(({ address }) => `${address} : jump ${outChain(key)}`),
      ),
    ),
  ];
}
