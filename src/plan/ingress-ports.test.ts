import { expect, test } from 'vitest';
import type { IngressModel } from '#spec/ingress-model.ts';
import { release, service } from '#test/sim/world.ts';
import { heldIngressPorts, ingressPortsOf } from './ingress-ports.ts';
import type { Listener } from './listeners.ts';

const at = { file: 'compose.yaml', line: 9, column: 7 };
const entry: IngressModel = {
  ...{ hosts: ['shop.test'], pathPrefix: '/', port: 80, tls: { kind: 'internal' } },
  ...{ redirect: true, redirectFrom: [] },
};
const shop = {
  ...release('shop', 1, [service('web', { ingress: [entry] })]),
  origins: { 'services.web.x-ballast.ingress': at },
};
const nginx: Listener = {
  ...{ protocol: 'tcp', port: 443, address: '0.0.0.0', process: 'nginx', pid: 812, unit: 'nginx.service' },
};
const held = (found: readonly Listener[], machines = ['app-1']) =>
  heldIngressPorts(shop, [{ machine: 'app-1', found }], machines);

test('who has a port that ingress needs is told with the line that asks for it', () => {
  expect(held([nginx])).toEqual([
    {
      code: 'plan/port-held',
      what: 'port 443/tcp, which x-ballast.ingress of service web needs, is taken on app-1 by nginx (pid 812, nginx.service)',
      why: 'the world reaches services by name on this port of every machine that takes requests',
      fix: 'stop that one: systemctl disable --now nginx.service on app-1, or have other machines take requests: label them ingress',
      at,
    },
  ]);
});

test('ingress itself is nobody else, and neither is a machine that takes no requests', () => {
  expect(held([{ ...nginx, process: 'caddy', unit: 'ballast-ingress.service' }])).toEqual([]);
  expect(held([nginx], ['app-2'])).toEqual([]);
});

test('without TLS only one port is needed, and without ingress none', () => {
  const plain = release('shop', 1, [service('web', { ingress: [{ ...entry, tls: { kind: 'off' } }] })]);
  expect(ingressPortsOf(plain)).toEqual([{ protocol: 'tcp', port: 80 }]);
  expect(ingressPortsOf(release('shop', 1, [service('web')]))).toEqual([]);
});
