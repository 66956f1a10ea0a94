import { expect, test } from 'vitest';
import { chainIn, neighboursIn, rulesIn } from './ways.ts';

const listed = (elements: string): string => `table inet ballast {
	map vips {
		type ipv4_addr : verdict
		${elements}
	}
}
`;

test.each([
  ['goto', 'elements = { 10.92.0.7 : goto vip-shop/web }', 'vip-shop/web'],
  ['jump', 'elements = { 10.91.1.9 : jump out-shop/web }', 'out-shop/web'],
  ['nothing', '', null],
])('a map that leads to a chain by %s is read', (_, elements, chain) => {
  expect(chainIn(listed(elements))).toBe(chain);
});

test('rules of a chain are told without what is around them', () => {
  const chain = `table inet ballast {
	chain vip-shop/web {
		dnat ip to numgen inc mod 2 map { 0 : 10.91.1.10, 1 : 10.91.2.10 }
	}
}
`;
  expect(rulesIn(chain)).toEqual(['dnat ip to numgen inc mod 2 map { 0 : 10.91.1.10, 1 : 10.91.2.10 }']);
});

test('neighbours of the mesh are read without any key', () => {
  const dump = [
    'ballast-mesh\tprivate\tpublic\t51820\toff',
    'ballast-mesh\tA=\t(none)\t10.90.0.2:51820\t10.91.2.0/24\t1000\t1\t2\t25',
    'ballast-mesh\tB=\t(none)\t(none)\t(none)\t0\t0\t0\toff',
    'wg0\tC=\t(none)\t(none)\t10.0.0.0/8\t0\t0\t0\toff',
  ].join('\n');
  expect(neighboursIn(`${dump}\n`, /^ballast-mesh/, 1_003_000)).toEqual([
    { networks: ['10.91.2.0/24'], handshakeMs: 3_000 },
    { networks: [], handshakeMs: null },
  ]);
});
