import { expect, test } from 'vitest';
import type { AppModel, BuildModel, ServiceModel } from '#spec/model.ts';
import { sourcesOf, withImages } from './pin.ts';

const build = (context: string): BuildModel => ({
  context,
  args: {},
  labels: {},
  noCache: false,
  pull: false,
  additionalContexts: {},
  extraHosts: [],
  platforms: [],
  tags: [],
});

const app = (services: Readonly<Record<string, Partial<ServiceModel>>>): AppModel => ({
  name: 'shop',
  services: Object.fromEntries(
    Object.entries(services).map(([name, service]) => [name, { ...service, name } as ServiceModel]),
  ),
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
});

test('services with the same build or image share one', () => {
  const sources = sourcesOf(
    app({
      worker: { build: build('/a') },
      web: { build: build('/a'), image: 'ignored' },
      other: { build: build('/b') },
      cache: { image: 'valkey:8' },
      queue: { image: 'valkey:8' },
    }),
  );
  expect(sources.map((source) => source.services)).toEqual([
    ['cache', 'queue'],
    ['other'],
    ['web', 'worker'],
  ]);
  expect(sources.map((source) => source.kind)).toEqual(['named', 'build', 'build']);
});

test('the same image for two platforms is two images', () => {
  const sources = sourcesOf(app({ a: { image: 'x' }, b: { image: 'x', platform: 'linux/arm64' } }));
  expect(sources).toHaveLength(2);
});

test('a pull policy asks anew', () => {
  const [always, build_, missing] = sourcesOf(
    app({
      a: { image: 'x', pullPolicy: 'always' },
      b: { build: build('/a'), pullPolicy: 'build' },
      c: { image: 'x' },
    }),
  );
  expect([always?.refresh, build_?.refresh, missing?.refresh]).toEqual([true, true, false]);
});

test('a pinned model holds no build, so that equal images give equal releases', () => {
  const model = app({ web: { build: build('/a') }, cache: { image: 'valkey:8' } });
  const pinned = withImages(
    model,
    new Map([
      ['web', 'r/web@sha256:1'],
      ['cache', 'r/cache@sha256:2'],
    ]),
  );
  expect(pinned.services).toEqual({
    web: { name: 'web', image: 'r/web@sha256:1' },
    cache: { name: 'cache', image: 'r/cache@sha256:2' },
  });
  expect(model.services['web']?.build).toBeDefined();
});
