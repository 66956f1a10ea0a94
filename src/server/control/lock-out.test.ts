import { expect, test } from 'vitest';
import { testControl } from '#server/testing/control.ts';
import { parseFleet } from '#spec/fleet/parse.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { SecurityGroupModel, SecurityRuleModel } from '#spec/security-model.ts';
import { applyFleet } from './fleet.ts';

const at = { file: 'fleet.yaml', line: 4, column: 2 };
const rule = (port: number, ...peers: SecurityRuleModel['peers']): SecurityRuleModel => ({
  peers,
  ports: [{ protocol: 'tcp', from: port, to: port }],
});

/** A fleet of two machines whose groups are these. */
async function apply(
  groups: Readonly<Record<string, Partial<SecurityGroupModel>>>,
  { force = [] }: { readonly force?: readonly string[] } = {},
) {
  const control = {
    ...(await testControl(2)),
    urlFor: async () => 'https://10.90.0.254:7443',
  };
  const fleet: FleetModel = {
    ...control.state.policy.fleet,
    securityGroups: Object.fromEntries(
      Object.entries(groups).map(([name, group]) => [
        name,
        { name, cidrs: [], machines: [], inbound: [], ...group },
      ]),
    ),
  };
  const origins = {
    'security_groups.machines.inbound.0': at,
    'security_groups.machines.outbound': at,
  };
  return await applyFleet(control, fleet, 'ana', { origins, force });
}

const nobody = { office: {}, machines: { inbound: [rule(22, { kind: 'group', group: 'office' })] } } as const;
const shut = { machines: { outbound: [rule(443, { kind: 'any' })] } };

test('groups that close ssh to everybody are refused, with their place', async () => {
  await expect(apply(nobody)).rejects.toMatchObject({
    code: 'refused',
    detail: { problems: [{ code: 'ssh-closed', what: expect.stringContaining('app-1, app-2'), at }] },
  });
});

test('groups that keep machines from the server are refused, and the rule that is missing is told', async () => {
  await expect(apply(shut)).rejects.toMatchObject({
    detail: {
      problems: [
        { code: 'server-closed', fix: expect.stringContaining('{ to: 10.90.0.254, ports: [7443] }'), at },
      ],
    },
  });
});

test.each([
  ['somebody belongs to the group', { ...nobody, office: { cidrs: ['203.0.113.0/24'] } }, {}],
  ['the other machines may', { machines: { inbound: [rule(22, { kind: 'group', group: 'machines' })] } }, {}],
  ['the server is among what may be reached', { machines: { outbound: [rule(7443, { kind: 'any' })] } }, {}],
  [
    'it is forced',
    { ...nobody, machines: { ...nobody.machines, ...shut.machines } },
    { force: ['firewall'] },
  ],
])('they are taken when %s', async (_, groups, how) => {
  await expect(apply(groups, how)).resolves.toMatchObject({ machines: ['app-1', 'app-2'] });
});

/** A fleet of two machines whose ssh servers listen at 2222, with these groups. */
async function move(groups: string, force: readonly string[] = []) {
  const control = await testControl(2);
  const text = `fleet: acme
host: { sshd: { Port: 2222 } }
machines: { app: { provider: local, count: 2 } }
security_groups: ${groups}
`;
  const parsed = parseFleet({ file: 'fleet.yaml', text, env: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { fleet, origins } = parsed.value;
  const { network } = control.state.policy.fleet;
  return await applyFleet(control, { ...fleet, network }, 'ana', { origins, force });
}

test.each([
  ['no group speaks of it', '{}'],
  ['groups speak of port 22 only', '{ machines: { inbound: [{ from: any, ports: [22] }] } }'],
])('an ssh server at another port is refused with its place while %s', async (_, groups) => {
  await expect(move(groups)).rejects.toMatchObject({
    code: 'refused',
    detail: {
      problems: [
        { code: 'ssh-closed', why: expect.stringContaining('port 2222'), at: { line: 2, column: 17 } },
      ],
    },
  });
});

test('an ssh server at another port is taken when a group opens that, or when it is forced', async () => {
  const taken = { machines: ['app-1', 'app-2'] };
  await expect(move('{ machines: { inbound: [{ from: any, ports: [2222] }] } }')).resolves.toMatchObject(
    taken,
  );
  await expect(move('{}', ['firewall'])).resolves.toMatchObject(taken);
});
