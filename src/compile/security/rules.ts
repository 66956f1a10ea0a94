import { showOrigin } from '#base/result.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import { ingressPorts } from '#compile/ingress/places.ts';
import { hasMesh, meshPorts } from '#compile/mesh.ts';
import { neighbourRules } from '#compile/neighbours.ts';
import { registryPushPort } from '#compile/registry.ts';
import { ingressMachines } from '#plan/machines/ingress.ts';
import type { Policy } from '#plan/model.ts';
import type { PortRange, SecurityGroupModel, SecurityRuleModel } from '#spec/security-model.ts';
import { belongs, placesOf } from './members.ts';

/** One thing that a machine's own firewall lets through, and who asked for it. */
export interface HostRule {
  readonly direction: 'in' | 'out';
  /** Where it comes from or goes to: networks in CIDR form. */
  readonly places: readonly string[] | 'any';
  readonly ports: readonly PortRange[];
  /** What stands beside it in the machine's table, and by which its counters are found: unique on the machine. */
  readonly comment: string;
  /** What people called those places, or what the fleet needs it for. */
  readonly words: string;
  /** `file:line:column`, or the part of Ballast that asked. */
  readonly origin: string;
}

export const sshPort = 22;

/** The groups a machine belongs to, in order of their names. */
export const groupsOf = ({ fleet }: Pick<Policy, 'fleet'>, machine: string): readonly SecurityGroupModel[] =>
  Object.values(fleet.securityGroups ?? {})
    .filter(({ name }) => belongs(fleet, name, machine))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Whether ssh is open to all, since none of the machine's groups says who may. */
export const saysNothingOfSsh = (groups: readonly SecurityGroupModel[]): boolean =>
  !groups.some(({ inbound }) => inbound.some(({ ports }) => ports.some(isSsh)));

export const isSsh = ({ protocol, from, to }: PortRange): boolean =>
  protocol === 'tcp' && from <= sshPort && sshPort <= to;

/** Whether what the machine itself sends is judged: one of its groups says what it may reach. */
export const isShutIn = (groups: readonly SecurityGroupModel[]): boolean =>
  groups.some(({ outbound }) => outbound !== undefined);

const tcp = (port: number): PortRange => ({ protocol: 'tcp', from: port, to: port });

/** All that a machine's firewall lets in and out by address and port. What it lets through always is in the table. */
export function hostRules(policy: Policy, machine: string, fixtures: Fixtures): readonly HostRule[] {
  const groups = groupsOf(policy, machine);
  return [
    ...needs(policy, machine, fixtures),
    ...ingressNeeds(policy, machine, fixtures),
    ...neighbourRules(policy, fixtures),
    ...(saysNothingOfSsh(groups) ? [sshForAll] : []),
    ...groups.flatMap((group) => [
      ...group.inbound.map((rule, index) => asked(policy, { group, rule, index, direction: 'in' })),
      ...(group.outbound ?? []).map((rule, index) => asked(policy, { group, rule, index, direction: 'out' })),
    ]),
  ];
}

const sshForAll: HostRule = {
  direction: 'in',
  places: 'any',
  ports: [tcp(sshPort)],
  comment: 'ssh',
  words: 'any, since no security group says who may use ssh',
  origin: 'firewall',
};

/** What the fleet itself needs of a machine. */
function needs(policy: Policy, machine: string, { registry, server }: Fixtures): readonly HostRule[] {
  const found: HostRule[] = [];
  const machines = Object.values(policy.machines).sort((a, b) => a.index - b.index);
  const hosts = machines.map(({ address }) => `${address}/32`);
  if (registry?.machine === machine) {
    found.push({
      ...{ direction: 'in', places: hosts, ports: [tcp(registry.port)], comment: 'registry pull' },
      ...{ words: 'machines of the fleet, which pull images', origin: 'registry' },
    });
    found.push({
      ...{ direction: 'in', places: 'any', ports: [tcp(registryPushPort(registry.port))] },
      ...{
        comment: 'registry push',
        words: 'any, to push images with the account for it',
        origin: 'registry',
      },
    });
  }
  if (server?.machines.includes(machine)) {
    found.push({
      ...{ direction: 'in', places: 'any', ports: [tcp(server.port)], comment: 'server' },
      ...{ words: 'any, to the control plane', origin: 'server' },
    });
  }
  const mesh = hasMesh(policy) ? [{ protocol: 'udp' as const, ...meshPorts }] : [];
  if (mesh.length > 0) {
    found.push({
      // Whoever has no key gets no answer, and machines behind a router come from elsewhere than they live.
      ...{ direction: 'in', places: 'any', ports: mesh, comment: 'mesh' },
      ...{ words: 'any, to the mesh, which answers nobody without a key', origin: 'mesh' },
    });
  }
  if (mesh.length > 0 && isShutIn(groupsOf(policy, machine))) {
    found.push({
      ...{ direction: 'out', places: hosts, ports: mesh, comment: 'mesh' },
      ...{ words: 'machines of the fleet, by the mesh', origin: 'mesh' },
    });
  }
  const store = machines.find(({ name }) => name === registry?.machine);
  if (registry && store && isShutIn(groupsOf(policy, machine))) {
    found.push({
      ...{ direction: 'out', places: [`${store.address}/32`], ports: [tcp(registry.port)] },
      ...{ comment: 'registry', words: 'the registry, to pull images', origin: 'registry' },
    });
  }
  return found;
}

/** The world comes in by name once a service asks for it. */
function ingressNeeds(policy: Policy, machine: string, { ingress }: Fixtures): readonly HostRule[] {
  if (ingress === undefined || !ingressMachines(policy).some(({ name }) => name === machine)) return [];
  return [
    {
      ...{ direction: 'in', places: 'any', ports: ingressPorts.map(tcp), comment: 'ingress' },
      ...{ words: 'any, to services that are reached by name', origin: 'ingress' },
    },
  ];
}

interface Asked {
  readonly group: SecurityGroupModel;
  readonly rule: SecurityRuleModel;
  readonly index: number;
  readonly direction: HostRule['direction'];
}

/** The comment holds no line: a file whose lines moved changes no firewall. */
function asked(policy: Policy, { group, rule, index, direction }: Asked): HostRule {
  const path = `security_groups.${group.name}.${direction}bound.${index}`;
  const at = policy.fleetOrigins?.[path];
  return {
    direction,
    places: placesOf(policy.fleet, rule.peers, Object.values(policy.machines)),
    ports: rule.ports,
    comment: `${group.name}.${direction}bound.${index}`,
    words: rule.peers
      .map((peer) => (peer.kind === 'any' ? 'any' : peer.kind === 'cidr' ? peer.cidr : peer.group))
      .join(', '),
    origin: at === undefined ? path : showOrigin(at),
  };
}
