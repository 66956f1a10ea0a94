import { expect, test } from 'vitest';
import type { ContainerResource, FileResource, Manifest, Resource } from '#compile/manifest.ts';
import { set } from '#compile/nft/objects.ts';
import { tableText } from '#compile/nft/text.ts';
import { manifestChanges } from './manifest-diff.ts';

const manifest = (...resources: readonly Resource[]): Manifest => ({
  machine: 'm-1',
  generation: 1,
  resources,
});

const file = (path: string, content: string): FileResource => ({
  ...{ kind: 'file', id: `file:${path}`, path, content, mode: 0o644, owner: 'root', group: 'root' },
  ...{ after: [], origin: 'compose.yaml:3:1' },
});

const container = (name: string, quadlet: string): ContainerResource => ({
  ...{
    kind: 'container',
    id: `container:${name}`,
    name,
    app: 'shop',
    service: 'web',
    quadlet,
    address: '10.91.1.2',
  },
  ...{
    health: { kind: 'none', settleMs: 0 },
    stopGraceMs: 1,
    job: false,
    after: [],
    origin: 'compose.yaml:5:3',
  },
});

const brief = (before: Manifest, after: Manifest) =>
  manifestChanges(before, after).map(({ resource, action, fields }) => ({ resource, action, fields }));

test('equal manifests differ in nothing, whatever their generation', () => {
  const one = manifest(file('/a', 'x'), container('shop-web-1-r1', 'Image=a'));
  expect(manifestChanges(one, { ...one, generation: 9 })).toEqual([]);
});

test('what is new is created, what is gone is deleted, what differs is updated field by field', () => {
  expect(
    brief(manifest(file('/a', 'x'), file('/b', 'y')), manifest(file('/a', 'z'), file('/c', 'y'))),
  ).toEqual([
    { resource: 'file:/a', action: 'update', fields: [{ name: 'content', before: 'x', after: 'z' }] },
    { resource: 'file:/c', action: 'create', fields: [] },
    { resource: 'file:/b', action: 'delete', fields: [] },
  ]);
});

test('a replica that takes over from another replaces it, and only what tells them apart for people is shown', () => {
  const before = container(
    'shop-web-1-r1',
    'ContainerName=shop-web-1-r1\nImage=web@sha256:a\nEnvironment="A=1"',
  );
  const after = container(
    'shop-web-1-r2',
    'ContainerName=shop-web-1-r2\nImage=web@sha256:b\nEnvironment="A=1"\nEnvironment="B=2"',
  );
  expect(brief(manifest(before), manifest({ ...after, address: '10.91.1.3' }))).toEqual([
    {
      resource: 'container:shop-web-1-r2',
      action: 'replace',
      fields: [
        { name: 'Image', before: 'web@sha256:a', after: 'web@sha256:b' },
        { name: 'address', before: '10.91.1.2', after: '10.91.1.3' },
        { name: 'environment.B', before: null, after: '2' },
      ],
    },
  ]);
});

test('long texts are cut', () => {
  const [change] = manifestChanges(manifest(file('/a', 'x')), manifest(file('/a', 'y'.repeat(5_000))));
  expect(change?.fields[0]?.after).toHaveLength(1_000);
});

test('of texts with many lines only those that differ are shown', () => {
  const [change] = manifestChanges(
    manifest(file('/a', 'one\ntwo\nthree\n')),
    manifest(file('/a', 'one\n2\nthree\n')),
  );
  expect(change?.fields).toEqual([{ name: 'content', before: 'two', after: '2' }]);
});

test('the file that keeps the firewall’s rules for the next boot is no change beside the firewall’s own', () => {
  const rules = (text: string): readonly Resource[] => {
    const table = { family: 'inet', table: 'x', objects: [set('a', [text])] } as const;
    return [
      file('/etc/rules.nft', tableText(table)),
      { kind: 'firewall', id: 'firewall:inet/x', ...table, after: [], origin: '' },
    ];
  };
  expect(brief(manifest(...rules('a')), manifest(...rules('b'))).map(({ resource }) => resource)).toEqual([
    'firewall:inet/x',
  ]);
});
