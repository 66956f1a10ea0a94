import { expect, test } from 'vitest';
import { chainIn, neighboursIn, rulesIn } from './ways.ts';

test.each([
  [
    'goto',
    '{"nftables":[{"metainfo":{}},{"map":{"elem":[["10.92.0.7",{"goto":{"target":"vip-shop/web"}}]]}}]}',
    'vip-shop/web',
  ],
  [
    'jump',
    '{"nftables":[{"map":{"elem":[["10.91.1.9",{"jump":{"target":"out-shop/web"}}]]}}]}',
    'out-shop/web',
  ],
  ['nothing', '{"nftables":[{"metainfo":{}}]}', null],
])('a map that leads to a chain by %s is read', (_, text, chain) => {
  expect(chainIn(text)).toBe(chain);
});

test('rules of a chain are told without what is around them', () => {
  const listed = `table inet ballast {
	chain vip-shop/web {
		dnat ip to numgen inc mod 2 map { 0 : 10.91.1.10, 1 : 10.91.2.10 }
	}
}
`;
  expect(rulesIn(listed)).toEqual(['dnat ip to numgen inc mod 2 map { 0 : 10.91.1.10, 1 : 10.91.2.10 }']);
});

test('neighbours of the mesh are read without any key', () => {
  const dump = [
    'private\tpublic\t51820\toff',
    'A=\t(none)\t10.90.0.2:51820\t10.91.2.0/24\t1000\t1\t2\t25',
    'B=\t(none)\t(none)\t(none)\t0\t0\t0\toff',
  ].join('\n');
  expect(neighboursIn(`${dump}\n`, 1_003_000)).toEqual([
    { networks: ['10.91.2.0/24'], handshakeMs: 3_000 },
    { networks: [], handshakeMs: null },
  ]);
});
