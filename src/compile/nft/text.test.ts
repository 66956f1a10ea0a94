import { expect, test } from 'vitest';
import { chain, map, type NftObject, set } from './objects.ts';
import { tableChange, tableText } from './text.ts';

const table = (...objects: readonly NftObject[]) => ({ family: 'inet', table: 't', objects }) as const;
const web = (...to: readonly string[]) => chain('vip-shop/web', [{ kind: 'spread', to }]);
const vips = (...names: readonly string[]) =>
  map(
    'vips',
    'ipv4_addr',
    names.map((name, n) => `10.92.0.${n + 1} : goto vip-shop/${name}`),
  );

test('a table is replaced as a whole by its text', () => {
  expect(
    tableText(table(set('a', ['10.0.0.2', '10.0.0.1']), web('10.91.1.10', '10.91.2.10'), vips('web'))),
  ).toMatchInlineSnapshot(`
    "table inet t
    delete table inet t
    table inet t {
    	set a {
    		type ipv4_addr
    		elements = { 10.0.0.1, 10.0.0.2 }
    	}
    	chain vip-shop/web {
    		dnat ip to numgen inc mod 2 map { 0 : 10.91.1.10, 1 : 10.91.2.10 }
    	}
    	map vips {
    		type ipv4_addr : verdict
    		elements = { 10.92.0.1 : goto vip-shop/web }
    	}
    }
    "
  `);
});

test('one address alone is led to without a turn, and none leaves no rule', () => {
  expect(tableText(table(web('10.91.1.10')))).toContain('\t\tdnat ip to 10.91.1.10\n');
  expect(tableText(table(web()))).toContain('chain vip-shop/web {\n\t}');
});

test.each<[string, readonly NftObject[], readonly NftObject[], string]>([
  ['nothing', [web('a'), vips('web')], [web('a'), vips('web')], ''],
  [
    'one chain',
    [web('a'), vips('web')],
    [web('b'), vips('web')],
    'flush chain inet t vip-shop/web\nadd rule inet t vip-shop/web dnat ip to b\n',
  ],
  [
    'a service that comes',
    [vips()],
    [web('a'), vips('web')],
    'add chain inet t vip-shop/web\nflush map inet t vips\nadd rule inet t vip-shop/web dnat ip to a\nadd element inet t vips { 10.92.0.1 : goto vip-shop/web }\n',
  ],
  [
    'a service that goes: the map lets go of its chain first',
    [web('a'), vips('web'), set('a', ['10.0.0.1'])],
    [vips()],
    'flush map inet t vips\nflush chain inet t vip-shop/web\nflush set inet t a\ndelete chain inet t vip-shop/web\ndelete set inet t a\n',
  ],
])('only what differs is touched: %s', (_, before, after, commands) => {
  expect(tableChange(before, table(...after))).toBe(commands);
});

test('another hook takes the whole table', () => {
  const hooked = (priority: number) => chain('in', [], `type filter hook input priority ${priority};`);
  expect(tableChange([hooked(0)], table(hooked(1)))).toBeUndefined();
});
