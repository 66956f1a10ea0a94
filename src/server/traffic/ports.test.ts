import { expect, test } from 'vitest';
import { someService } from '#server/testing/models.ts';
import { portsToTry } from './ports.ts';

test('ports are tried that a service names anywhere, and those in use; of long ranges the ends', () => {
  const model = someService('web', {
    expose: ['9000-9001/tcp', '53/udp'],
    ports: [{ target: 8080, published: 80, protocol: 'tcp', mode: 'ingress' }],
    inbound: [{ peers: [{ kind: 'any' }], ports: [{ protocol: 'tcp', from: 100, to: 200 }] }],
  });
  expect(portsToTry(model, [22, 8080])).toEqual([22, 100, 200, 8080, 9000, 9001]);
  expect(portsToTry(someService('idle'), [])).toEqual([]);
});
