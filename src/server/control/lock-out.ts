import { parseAddress } from '#base/cidr.ts';
import { present } from '#base/present.ts';
import type { Problem } from '#base/result.ts';
import { placesOf } from '#compile/security/members.ts';
import { allows, closedToSsh, type Endpoint, movedSsh, outboundGroups } from '#compile/security/reach.ts';
import { machinesOf, poolOf } from '#plan/machines/pool.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import type { Control } from './context.ts';
import { deployCommand } from './deploy-command.ts';

/** What `--force` has to name for a fleet file whose firewall would lock people or the server out. */
export const forceFirewall = 'firewall';

const forced = (origins: Origins): string =>
  `or have it so nonetheless: \`${deployCommand(origins)} --force ${forceFirewall}\``;

/** What stands against the security groups of a fleet file: nobody could log in, or the server would not be reached. */
export async function closedProblems(
  control: Control,
  fleet: FleetModel,
  origins: Origins,
): Promise<readonly Problem[]> {
  const machines = namesOf(control, fleet);
  return [
    ...sshProblems(fleet, machines, origins),
    ...movedProblems(fleet, machines, origins),
    ...(await serverProblems(control, fleet, machines, origins)),
  ];
}

function namesOf({ state }: Control, fleet: FleetModel): readonly string[] {
  const asked = Object.values(fleet.pools).flatMap(machinesOf);
  const others = Object.values(state.policy.machines).filter(({ leaving }) => leaving === undefined);
  return [...new Set([...asked, ...others.map(({ name }) => name)])];
}

/** One problem for each rule, however many machines it is about. */
function sshProblems(fleet: FleetModel, machines: readonly string[], origins: Origins): readonly Problem[] {
  const byRule = Map.groupBy(
    closedToSsh(fleet, machines),
    ({ group, index }) => `security_groups.${group}.inbound.${index}`,
  );
  return [...byRule].map(([path, closed]) =>
    present({
      code: 'ssh-closed',
      what: `nobody could log in to ${shortly(closed.map(({ machine }) => machine))} by ssh any more`,
      why: 'security groups speak of port 22, and nobody belongs to those they let in',
      fix: `give such a group addresses (cidrs) or machines, ${forced(origins)}`,
      at: origins[path],
    }),
  );
}

/** A port that is only set on the ssh server stays closed in the machine's firewall. */
function movedProblems(fleet: FleetModel, machines: readonly string[], origins: Origins): readonly Problem[] {
  const byPlace = Map.groupBy(movedSsh(fleet, machines), ({ machine, port }) => {
    const pool = poolOf(fleet, machine);
    return `${pool?.host === undefined ? '' : `machines.${pool.name}.`}host.sshd ${port}`;
  });
  return [...byPlace].map(([key, moved]) => {
    const [path = '', port = ''] = key.split(' ');
    return present({
      code: 'ssh-closed',
      what: `nobody could log in to ${shortly(moved.map(({ machine }) => machine))} by ssh any more`,
      why: `the ssh server would listen at port ${port}, which no security group of theirs lets anybody in to`,
      fix: `leave it at port 22, or let people in to port ${port} by security_groups, ${forced(origins)}`,
      at: origins[`${path}.Port`] ?? origins[path],
    });
  });
}

async function serverProblems(
  control: Control,
  fleet: FleetModel,
  machines: readonly string[],
  origins: Origins,
): Promise<readonly Problem[]> {
  const found = new Map<string, { readonly server: Endpoint; readonly machines: string[] }>();
  for (const machine of machines) {
    const groups = outboundGroups(fleet, machine);
    const [first] = groups;
    const server = first && (await serverOf(control, fleet, machine));
    if (first === undefined || server === undefined) continue;
    const rules = groups.flatMap(({ outbound = [] }) =>
      outbound.map(({ peers, ports }) => ({
        ports,
        places: placesOf(fleet, peers, Object.values(control.state.policy.machines)),
      })),
    );
    if (allows(rules, server)) continue;
    const path = `security_groups.${first.name}.outbound`;
    found.set(path, { server, machines: [...(found.get(path)?.machines ?? []), machine] });
  }
  return [...found].map(([path, { server, machines: cut }]) =>
    present({
      code: 'server-closed',
      what: `${shortly(cut)} could not reach the server at ${server.address}:${server.port} any more`,
      why: 'agents dial the server, and what a group does not list under outbound is refused',
      fix: `add { to: ${server.address}, ports: [${server.port}] } to ${path}, ${forced(origins)}`,
      at: origins[path],
    }),
  );
}

/** Where a machine finds the server; undefined when that is not known as an address, or is the machine itself. */
async function serverOf(
  { state, ownAddresses, urlFor }: Control,
  fleet: FleetModel,
  name: string,
): Promise<Endpoint | undefined> {
  const pool = poolOf(fleet, name);
  const machine = state.policy.machines[name] ?? (pool && { provider: pool.provider, address: '' });
  if (urlFor === undefined || machine === undefined) return undefined;
  if (ownAddresses?.().includes(machine.address)) return undefined;
  const url = await urlFor(machine).catch(() => undefined);
  if (url === undefined) return undefined;
  const { hostname, port } = new URL(url);
  if (parseAddress(hostname) === undefined || hostname.startsWith('127.')) return undefined;
  return { address: hostname, port: Number(port || 443) };
}

const shortly = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
