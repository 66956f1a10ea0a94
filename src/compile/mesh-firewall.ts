import type { Policy } from '#plan/model.ts';
import { hasMesh, isMeshClosed, meshInterfaces } from './mesh.ts';
import { bridge } from './network.ts';
import { chain, type NftObject } from './nft/objects.ts';

/**
 * Chains of the containers' table that belong to the mesh: connections through it take segments that fit, and what
 * claims to be from another machine's containers, or is on its way to them, is dropped beside it.
 */
export function meshChains(policy: Policy): readonly NftObject[] {
  if (!hasMesh(policy)) return [];
  const all = policy.fleet.network.containers;
  const mesh = meshInterfaces.map((name) => `"${name}"`).join(', ');
  const known = `{ "lo", "${bridge}", ${mesh} }`;
  const segments = chain(
    'mesh_segments',
    [`oifname { ${mesh} } tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu`],
    'type filter hook forward priority mangle; policy accept;',
  );
  if (!isMeshClosed(policy)) return [segments];
  return [
    segments,
    chain(
      'mesh_in',
      [`ip saddr ${all} iifname != ${known} counter drop`],
      'type filter hook prerouting priority raw + 10; policy accept;',
    ),
    chain(
      'mesh_out',
      [`ip daddr ${all} oifname != ${known} counter drop`],
      'type filter hook postrouting priority mangle; policy accept;',
    ),
  ];
}
