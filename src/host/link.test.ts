import { expect, test } from 'vitest';
import { judgeRoute } from './link.ts';

test.each([
  ['by the named link', [{ dst: '10.90.0.1', dev: 'bl-demo' }], 'bl-demo', undefined],
  [
    'by any link of a local fleet when none is named',
    [{ dst: '10.90.0.1', dev: 'bl-demo' }],
    undefined,
    undefined,
  ],
  ['by loopback, as to an address of this computer', [{ type: 'local', dev: 'lo' }], 'bl-demo', undefined],
])('traffic may leave %s', (_, route, link, why) => {
  expect(judgeRoute(JSON.stringify(route), link)).toBe(why);
});

test.each([
  [
    'by the network card',
    [{ dst: '10.90.0.1', gateway: '192.0.2.1', dev: 'eth0' }],
    'bl-demo',
    'its traffic would leave by eth0, not by bl-demo',
  ],
  [
    'by the link of another fleet',
    [{ dev: 'bl-other' }],
    'bl-demo',
    'its traffic would leave by bl-other, not by bl-demo',
  ],
  [
    'by the network card when no link is named',
    [{ dev: 'eth0' }],
    undefined,
    'its traffic would leave by eth0, not by the link of a local fleet',
  ],
  [
    'nowhere',
    [{ type: 'unreachable', dst: '10.90.0.1' }],
    'bl-demo',
    'the network of the local machines is down',
  ],
  ['without a route', [], 'bl-demo', 'there is no route'],
])('traffic must not leave %s', (_, route, link, why) => {
  expect(judgeRoute(JSON.stringify(route), link)).toBe(why);
});
