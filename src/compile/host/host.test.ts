import { describe, expect, test } from 'vitest';
import type { Resource } from '#compile/manifest.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { parseFleet } from '#spec/fleet/parse.ts';
import { hostResources } from './host.ts';

/** What machines of the fleet file hold, by id. */
function held(text: string, machine = 'app-1'): Readonly<Record<string, Resource>> {
  const parsed = parseFleet({ file: 'fleet.yaml', text, env: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2));
  const { fleet, origins } = parsed.value;
  const record: MachineRecord = {
    ...{ name: machine, provider: 'local', index: 1, address: '10.90.0.1' },
    ...{ labels: {}, schedulable: true },
  };
  const policy: Policy = { fleet, fleetOrigins: origins, machines: { [machine]: record }, apps: {} };
  return Object.fromEntries(hostResources(policy, machine).map((resource) => [resource.id, resource]));
}

const head = `fleet: acme
machines:
  app: { provider: local, count: 2 }
  db:
    provider: local
    host:
      users: { ana: { shell: /bin/sh }, bob: }
`;

describe('a user', () => {
  const text = `${head}host:\n  groups: [team]\n  users:\n    ana: { groups: [team, adm], uid: 1500 }\n`;

  test('comes after the groups it is in, and knows the line that asked for it', () => {
    expect(held(text)['user:ana']).toEqual({
      ...{ kind: 'user', id: 'user:ana', name: 'ana', uid: 1500, group: 'ana', groups: ['adm', 'team'] },
      ...{ shell: '/bin/bash', home: '/home/ana', makeHome: true, comment: '', system: false },
      ...{ removeHome: false, after: ['group:team'], origin: 'fleet.yaml:11:5', confirm: true },
    });
  });

  test('of a pool is laid over that of all machines', () => {
    const db = held(text, 'db');
    expect(db['user:ana']).toMatchObject({ shell: '/bin/sh', uid: 1500, origin: 'fleet.yaml:7:16' });
    expect(db['user:bob']).toMatchObject({ origin: 'fleet.yaml:7:41' });
    expect(Object.keys(held(text))).toEqual(['group:team', 'user:ana']);
  });
});

test('a machine whose fleet file says nothing of hosts holds nothing for it', () => {
  expect(held('fleet: acme\nmachines: { app: { provider: local, count: 1 } }\n')).toEqual({});
});
