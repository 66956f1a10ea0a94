import { describe, expect, it } from 'vitest';
import type { Policy } from '#plan/model.ts';
import type { SecurityGroupModel } from '#spec/security-model.ts';
import { World } from '#test/sim/world.ts';
import type { Fixtures, RegistryFixture } from './fixtures.ts';
import { hostFirewallResources } from './host-firewall.ts';
import { tableText } from './nft/text.ts';
import { closedToSsh, ruleFor } from './security/reach.ts';
import { hostRules } from './security/rules.ts';

const fixtures: Fixtures = { ca: 'the CA', registry: null };
const group = (name: string, more: Partial<SecurityGroupModel>): [string, SecurityGroupModel] => [
  name,
  { name, cidrs: [], machines: [], inbound: [], ...more },
];
const ports = (...all: readonly number[]) =>
  all.map((port) => ({ protocol: 'tcp', from: port, to: port }) as const);
const from = (name: string) => [{ kind: 'group', group: name }] as const;

function policyOf(...groups: readonly (readonly [string, SecurityGroupModel])[]): Policy {
  const { policy } = new World({ 'app-1': {}, 'app-2': {}, db: {} });
  return { ...policy, fleet: { ...policy.fleet, securityGroups: Object.fromEntries(groups) } };
}

function table(policy: Policy, machine: string, more: Partial<Fixtures> = {}): string {
  const found = hostFirewallResources(policy, machine, { ...fixtures, ...more });
  const [rules] = found.flatMap((one) => (one.kind === 'firewall' ? [tableText(one)] : []));
  return rules ?? '';
}

const office = group('office', { cidrs: ['203.0.113.0/24', '203.0.113.128/25', '10.0.0.0/8'] });

describe('the firewall of a machine', () => {
  it('leaves ssh open while nobody speaks of it, and refuses the rest at once', () => {
    const text = table(policyOf(), 'app-1');
    expect(text).toContain('\t\ttcp dport 22 counter accept comment "ssh"\n');
    expect(text).toContain('counter reject with tcp reset comment "refused"');
    expect(text).not.toContain('chain output');
  });

  it('lets in whom a group names, each network once, for the machines of the group only', () => {
    const policy = policyOf(
      office,
      group('web', { machines: ['app-*'], inbound: [{ peers: from('office'), ports: ports(22, 8080) }] }),
    );
    expect(table(policy, 'app-2')).toContain(
      'ip saddr { 10.0.0.0/8, 203.0.113.0/24 } tcp dport { 22, 8080 } counter accept comment "web.inbound.0"',
    );
    expect(table(policy, 'app-2')).not.toContain('comment "ssh"');
    expect(table(policy, 'db')).not.toContain('8080');
    expect(table(policy, 'db')).toContain('comment "ssh"');
  });

  it('knows machines by their addresses, whether by name, by pool or as all of them', () => {
    const policy = policyOf(
      group('web', { machines: ['app-1'] }),
      group('data', {
        machines: ['db'],
        inbound: [
          { peers: from('web'), ports: ports(5432) },
          { peers: from('machines'), ports: ports(9100) },
        ],
      }),
    );
    const [web, all] = hostRules(policy, 'db', fixtures).slice(-2);
    const addresses = ['app-1', 'app-2', 'db'].map((name) => `${policy.machines[name]?.address}/32`);
    expect(web?.places).toEqual(addresses.slice(0, 1));
    expect(all?.places).toEqual(addresses);
  });

  it('is silent of rules whose group nobody belongs to', () => {
    const empty = group('empty', {});
    const policy = policyOf(
      empty,
      group('machines', { inbound: [{ peers: from('empty'), ports: ports(22) }] }),
    );
    expect(table(policy, 'app-1')).not.toMatch(/dport 22 /);
    expect(closedToSsh(policy.fleet, Object.keys(policy.machines)).map(({ machine }) => machine)).toEqual([
      'app-1',
      'app-2',
      'db',
    ]);
  });

  it('keeps the registry to the machines, its pushes and the server open', () => {
    const registry = { machine: 'db', port: 5000 } as RegistryFixture;
    const server = { machines: ['db'], port: 7443 };
    const text = table(policyOf(), 'db', { registry, server });
    expect(text).toMatch(/ip saddr \{ .* \} tcp dport 5000 counter accept comment "registry pull"/);
    expect(text).toContain('\t\ttcp dport 5001 counter accept comment "registry push"');
    expect(text).toContain('\t\ttcp dport 7443 counter accept comment "server"');
    expect(table(policyOf(), 'app-1', { registry, server })).not.toMatch(/5000|7443/);
  });

  it('judges what a machine sends once a group says what it may reach', () => {
    const out = group('shut', {
      machines: ['db'],
      outbound: [{ peers: [{ kind: 'any' }], ports: ports(443) }],
    });
    const registry = { machine: 'app-1', port: 5000 } as RegistryFixture;
    const text = table(policyOf(out), 'db', { registry });
    expect(text).toContain('type filter hook output');
    expect(text).toMatch(/ip daddr \S+ tcp dport 5000 counter accept comment "registry"/);
    expect(text).toContain('counter reject with tcp reset comment "refused to go out"');
    expect(table(policyOf(out), 'app-1', { registry })).not.toContain('hook output');
  });

  it('is confirmed by the machine, and does not change when lines of the file move', () => {
    const policy = policyOf(
      office,
      group('machines', { inbound: [{ peers: from('office'), ports: ports(22) }] }),
    );
    const at = (line: number) => ({
      'security_groups.machines.inbound.0': { file: 'f.yaml', line, column: 3 },
    });
    const [one, two] = [1, 2].map((line) =>
      hostFirewallResources({ ...policy, fleetOrigins: at(line) }, 'app-1', fixtures),
    );
    expect(one).toEqual(two);
    expect(one?.every(({ confirm }) => confirm)).toBe(true);
    expect(hostRules({ ...policy, fleetOrigins: at(7) }, 'app-1', fixtures)[0]?.origin).toBe('f.yaml:7:3');
  });
});

it.each([
  ['203.0.113.9', 22, 'machines.inbound.0'],
  ['203.0.114.9', 22, undefined],
  ['203.0.113.9', 23, undefined],
])('%s reaches port %i by %s', (address, port, comment) => {
  const policy = policyOf(
    office,
    group('machines', { inbound: [{ peers: from('office'), ports: ports(22) }] }),
  );
  expect(ruleFor(hostRules(policy, 'db', fixtures), { address, port })?.comment).toBe(comment);
});
