import { describe, expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { parseCidr } from '#base/cidr.ts';
import { hasBarrier, localNetwork } from './network.ts';

describe('the network of local machines', () => {
  test('gives its last usable address to this computer', () => {
    expect(localNetwork('demo', '10.90.0.0/24')).toMatchObject({
      namespace: 'bl-demo',
      link: 'bl-demo',
      gateway: '10.90.0.254',
    });
    expect(localNetwork('demo', '10.90.0.0/16').gateway).toBe('10.90.255.254');
  });

  test.each(['', '10.90.0.1/24', '10.90.0.0/30', '10.90.0.0', 'fd00::/64'])('cannot be %j', (text) => {
    expect(() => localNetwork('demo', text)).toThrow(`${text} is no network for machines`);
  });

  test.each([
    ['10.96.7.0/24', true],
    ['10.97.0.0/24', false],
    ['10.96.0.0/16', false],
  ])('%s is barred when its link is gone: %s', (network, barred) => {
    const table = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'bl-clif\t0007600A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      '*\t0007600A\t00000000\t0200\t0\t0\t4278198272\t00FFFFFF\t0\t0\t0',
      'bl-ta\t0000610A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    ].join('\n');
    expect(hasBarrier(table, must(parseCidr(network), network))).toBe(barred);
  });
});
