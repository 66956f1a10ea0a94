import { expect, test } from 'vitest';
import type { PortModel } from '#spec/model.ts';
import { release, service, World } from '#test/sim/world.ts';
import { heldPorts, type Listener, newPorts } from './listeners.ts';

const at = { file: 'compose.yaml', line: 5, column: 13 };
const port = (published: number, more: Partial<PortModel> = {}): PortModel => ({
  ...{ target: 80, published, protocol: 'tcp', mode: 'ingress' },
  ...more,
});
const nginx: Listener = {
  ...{ protocol: 'tcp', port: 8080, address: '0.0.0.0', process: 'nginx', pid: 812, unit: 'nginx.service' },
};

function held(wanted: PortModel, found: readonly Listener[], machines: readonly string[] = ['app-1']) {
  const world = new World({ 'app-1': {}, 'app-2': {} });
  const web = {
    ...release('shop', 1, [service('web', { ports: [wanted] })]),
    origins: { 'services.web.ports.0': at },
  };
  world.want('shop', web);
  world.settle();
  const heard = machines.map((machine) => ({ machine, found }));
  return heldPorts(web, { asked: newPorts(web, []), heard, plan: world.plan });
}

test('who has a port is told by machine, process, number and unit, and what ends it', () => {
  expect(held(port(8080), [nginx])).toEqual([
    {
      code: 'plan/port-held',
      what: 'port 8080/tcp of service web is taken on app-1 by nginx (pid 812, nginx.service)',
      why: 'connections to a published port are led to the replicas: that process would get none any more',
      fix: 'publish another port, for example "8081:80", or stop that one: systemctl disable --now nginx.service on app-1',
      at,
    },
  ]);
  const many = ['app-1', 'app-2', 'app-3', 'app-4', 'app-5'];
  const { process: _, pid: __, unit: ___, ...hidden } = nginx;
  expect(held(port(8080), [hidden], many)[0]?.what).toMatch(
    /taken on app-1 by a process that cannot be seen, on app-2 .*, on app-3 by .* and on 2 more machines$/,
  );
});

test.each<[string, PortModel, Partial<Listener>, number]>([
  ['another port', port(8081), {}, 0],
  ['another protocol', port(8080, { protocol: 'udp' }), {}, 0],
  ['another address', port(8080, { hostIp: '192.0.2.1' }), { address: '192.0.2.2' }, 0],
  ['the same address', port(8080, { hostIp: '192.0.2.1' }), { address: '192.0.2.1' }, 1],
  ['all addresses of both kinds', port(8080, { hostIp: '192.0.2.1' }), { address: '::' }, 1],
  ['one address, where all are wanted', port(8080), { address: '192.0.2.2' }, 1],
  ['a machine without a replica', port(8080, { mode: 'host' }), {}, 0],
])('%s', (_, wanted, change, count) => {
  const machines = wanted.mode === 'host' ? ['app-2'] : ['app-1'];
  expect(held(wanted, [{ ...nginx, ...change }], machines)).toHaveLength(count);
});

test('a port that is published already is not asked for again', () => {
  const before = release('shop', 1, [service('web', { ports: [port(8080)] })]);
  const after = release('shop', 2, [service('web', { ports: [port(8080), port(8081)] })]);
  expect(newPorts(after, [before]).map((one) => one.port.published)).toEqual([8081]);
});
