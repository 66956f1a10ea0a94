import { describe, expect, test } from 'vitest';
import type { FileResource, FirewallResource, Manifest } from '#compile/manifest.ts';
import { chain, map, type NftObject } from '#compile/nft/objects.ts';
import { file } from '#compile/resources.ts';
import { compareManifests } from '#converge/compare.ts';
import type { Trouble } from './trouble.ts';
import { backendsOf, withoutDown } from './without-down.ts';

const [a, b, c] = ['10.91.1.10', '10.91.2.10', '10.91.3.10'];
const objects: readonly NftObject[] = [
  chain('in-shop/web', ['accept']),
  chain('refused', ['reject']),
  chain('vip-shop/web', [{ kind: 'spread', to: [a, b, c] }]),
  chain('port-shop/web-80-tcp', [{ kind: 'spread', to: [a, b, c], port: { protocol: 'tcp', number: 8080 } }]),
  map('vips', 'ipv4_addr', ['10.92.0.1 : goto vip-shop/web']),
  map('vips_inbound', 'ipv4_addr', ['10.92.0.1 : goto in-shop/web', '10.92.0.2 : goto in-shop/db']),
  map('published', 'inet_proto . inet_service', ['tcp . 80 : goto port-shop/web-80-tcp']),
  map('published_only', 'inet_proto . inet_service', ['tcp . 81 : goto only-x']),
];
const names = `10.92.0.1 web.shop.internal web.shop
${a} web-1.shop.internal web-1.shop
${b} web-2.shop.internal web-2.shop
`;
const firewall: FirewallResource = {
  ...{ kind: 'firewall', id: 'firewall:inet/ballast', family: 'inet', table: 'ballast', objects },
  ...{ after: [], origin: '' },
};
const manifest: Manifest = {
  ...{ machine: 'm1', generation: 7 },
  resources: [
    firewall,
    file('names', '/etc/ballast/dns/hosts/shop', { content: names }),
    file('other', '/etc/other', { content: `${a} stays\n` }),
  ],
};

const without = (troubles: Readonly<Record<string, Trouble>>): Manifest =>
  withoutDown(manifest, (address) => troubles[address]);
const object = (from: Manifest, name: string): NftObject | undefined =>
  from.resources
    .flatMap((one) => (one.kind === 'firewall' ? one.objects : []))
    .find((one) => one.name === name);
const led = (from: Manifest) => [...backendsOf(from.resources)];
const contentOf = (from: Manifest, path: string) =>
  from.resources.find((one): one is FileResource => one.kind === 'file' && one.path === path)?.content;

test('without trouble nothing is another than declared', () => {
  expect(without({})).toEqual(manifest);
  expect(compareManifests(manifest, without({}))).toEqual([]);
});

test('what has trouble gets no new connections and has no name', () => {
  const held = without({ [b]: 'unwell' });
  expect(led(held)).toEqual([a, c]);
  expect(contentOf(held, '/etc/ballast/dns/hosts/shop')).toBe(
    `10.92.0.1 web.shop.internal web.shop\n${a} web-1.shop.internal web-1.shop\n`,
  );
  expect(contentOf(held, '/etc/other')).toBe(`${a} stays\n`);
});

test('it is a change that somebody asked for, and so is the way back: no drift', () => {
  const held = without({ [b]: 'gone' });
  for (const steps of [compareManifests(manifest, held), compareManifests(held, manifest)]) {
    expect(new Map(steps.map(({ key, cause }) => [key, cause]))).toEqual(
      new Map([
        ['file:/etc/ballast/dns/hosts/shop', 'intentional'],
        ['firewall:inet/ballast', 'intentional'],
      ]),
    );
  }
});

describe('when nobody is well', () => {
  test('those that run get the connections, and have no names all the same', () => {
    const held = without({ [a]: 'unwell', [b]: 'gone', [c]: 'unwell' });
    expect(led(held)).toEqual([a, c]);
    expect(contentOf(held, '/etc/ballast/dns/hosts/shop')).toBe('10.92.0.1 web.shop.internal web.shop\n');
  });

  test('and nobody runs, connections are refused before they are led on', () => {
    const held = without({ [a]: 'gone', [b]: 'gone', [c]: 'gone' });
    expect(led(held)).toEqual([]);
    expect(object(held, 'vips_inbound')).toMatchObject({
      elements: ['10.92.0.1 : goto refused', '10.92.0.2 : goto in-shop/db'],
    });
    expect(object(held, 'published_only')).toMatchObject({
      elements: ['tcp . 80 : goto refused', 'tcp . 81 : goto only-x'],
    });
  });
});
