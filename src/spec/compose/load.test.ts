import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { must } from '#base/assert.ts';
import type { Result } from '#base/result.ts';
import type { LoadedApp } from './load.ts';
import { loadApp } from './load.ts';

const file = '/app/compose.yaml';

function load(texts: Readonly<Record<string, string>>, files: readonly string[] = [file]): Result<LoadedApp> {
  return loadApp({ files, read: (path) => texts[path], env: {} });
}

const modelOf = (text: string) => {
  const loaded = load({ [file]: text });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.value.model;
};

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** The same value with the keys of every mapping in another order. */
function shuffled(value: Plain, order: (keys: readonly string[]) => readonly string[]): Plain {
  if (Array.isArray(value)) return value.map((item: Plain) => shuffled(item, order));
  if (value === null || typeof value !== 'object') return value;
  const record = value as { readonly [key: string]: Plain };
  return Object.fromEntries(
    order(Object.keys(record)).map((key) => [key, shuffled(must(record[key] ?? null, key), order)]),
  );
}

const sample = {
  name: 'shop',
  services: {
    web: {
      image: 'web:1',
      environment: { B: '2', A: '1' },
      labels: { y: '1', x: '2' },
      ports: ['8080:80', { target: 90, published: 9090, mode: 'host' }],
      networks: { front: { aliases: ['w', 'a'] }, back: {} },
      depends_on: {
        db: { condition: 'service_healthy', restart: true },
        cache: { condition: 'service_started' },
      },
      deploy: {
        replicas: 2,
        resources: { limits: { memory: '1g', cpus: 1 } },
        update_config: { order: 'stop-first' },
      },
      ulimits: { nproc: 5, nofile: { soft: 1, hard: 2 } },
      extra_hosts: { b: '10.0.0.2', a: '10.0.0.1' },
      cap_add: ['SYS_TIME', 'NET_ADMIN'],
      configs: [{ source: 'conf', target: '/etc/conf' }],
    },
    db: { image: 'db', volumes: ['data:/data'], healthcheck: { test: ['CMD', 'true'], interval: '5s' } },
    cache: { image: 'cache', tmpfs: '/tmp' },
  },
  networks: { front: { internal: true }, back: {} },
  volumes: { data: { labels: { b: '1', a: '2' } } },
  configs: { conf: { content: 'x' } },
};

const orders = fc.infiniteStream(fc.nat()).map((stream) => (keys: readonly string[]) => {
  const ranked = keys.map((key) => ({ key, rank: Number(stream.next().value) }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ key }) => key);
});

describe('loading', () => {
  test('does not care in which order keys were written', () => {
    const usual = JSON.stringify(modelOf(stringify(sample)));
    fc.assert(
      fc.property(orders, (order) => {
        expect(JSON.stringify(modelOf(stringify(shuffled(sample, order))))).toBe(usual);
      }),
      { numRuns: 30 },
    );
  });

  test.each(['', '{}', '# nothing\n', 'services: {}', 'services: { web: {} }', '---\n---\n'])(
    'merged with a file that says nothing (%j) stays as it was',
    (nothing) => {
      const texts = { [file]: stringify(sample), '/app/b.yaml': nothing };
      for (const files of [
        [file, '/app/b.yaml'],
        ['/app/b.yaml', file],
      ]) {
        const loaded = load(texts, files);
        expect(loaded.ok && loaded.value.model).toEqual(modelOf(stringify(sample)));
      }
    },
  );

  test('merged with itself replaces, and appends nothing twice', () => {
    const texts = { [file]: stringify(sample) };
    const loaded = load(texts, [file, file]);
    expect(loaded.ok && loaded.value.model).toEqual(modelOf(stringify(sample)));
  });

  test('never throws, whatever the file holds', () => {
    const words = fc.constantFrom(
      'services',
      'web',
      'image',
      'ports',
      'deploy',
      'x-ballast',
      'volumes',
      'include',
      'extends',
    );
    const { tree } = fc.letrec<{ tree: Plain }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), words),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(words, fc.constantFrom('build', 'command', 'secrets', 'networks', 'healthcheck')),
          tie('tree'),
          {
            maxKeys: 4,
          },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        load({ [file]: stringify({ services: { web: value } }) });
        load({ [file]: stringify(value) });
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        load({ [file]: text });
      }),
      { numRuns: 300 },
    );
  });

  test('says for every problem where it is', () => {
    const loaded = load({ [file]: 'services:\n  web:\n    imge: x\n    image: 5\n' });
    expect(loaded.ok ? [] : loaded.problems.map(({ at }) => at)).toEqual([
      { file, line: 3, column: 5 },
      { file, line: 4, column: 12 },
    ]);
  });

  test('remembers where the parts of the model were written', () => {
    const loaded = load({ [file]: 'services:\n  web:\n    image: x\n    ports:\n      - "80:80"\n' });
    expect(loaded.ok && loaded.value.origins['services.web.ports.0']).toEqual({ file, line: 5, column: 9 });
    expect(loaded.ok && loaded.value.origins['services.web']).toEqual({ file, line: 2, column: 3 });
  });
});

describe('the name of the app', () => {
  const text = 'name: from-file\nservices: { web: { image: "x:${COMPOSE_PROJECT_NAME}" } }';
  const named = (input: { projectName?: string; env?: Record<string, string> }) => {
    const loaded = loadApp({
      files: [file],
      read: (path) => (path === file ? text : undefined),
      env: {},
      ...input,
    });
    return loaded.ok ? [loaded.value.model.name, loaded.value.model.services['web']?.image] : loaded.problems;
  };

  test('is that of the flag, else the environment, else the file', () => {
    expect(named({ projectName: 'flag', env: { COMPOSE_PROJECT_NAME: 'env' } })).toEqual(['flag', 'x:flag']);
    expect(named({ env: { COMPOSE_PROJECT_NAME: 'env' } })).toEqual(['env', 'x:env']);
    expect(named({})).toEqual(['from-file', 'x:from-file']);
  });

  test.each([
    '{"name":"shop","services":{"web":{"image":"x"}}}',
    '{ services: { web: { image: x } }, name: shop }',
  ])('is read from a file with braces: %s', (text) => {
    expect(modelOf(text).name).toBe('shop');
  });

  test('is that of the directory when nothing else says one', () => {
    expect(modelOf('services: { web: { image: x } }').name).toBe('app');
  });
});

describe('of what is wrong', () => {
  const codesOf = (...lines: readonly string[]) => {
    const loaded = load({ [file]: lines.join('\n') });
    return loaded.ok ? [] : loaded.problems.map(({ code }) => code);
  };

  test('a key that stands twice hides nothing else', () => {
    expect(codesOf('services:', '  web:', '    image: x', '    image: y', '    comand: z')).toEqual([
      'compose/duplicate-key',
      'compose/unknown-key',
    ]);
  });

  test.each([
    'image: ${A:?needed}',
    'cpus: ${A:?needed}',
    'ports: ["${A:?needed}:80"]',
    'build: ${A:?needed}',
  ])('%s says only that the variable is missing', (text) => {
    const image = /^(image|build)/.test(text) ? [] : ['    image: x'];
    expect(codesOf('services:', '  web:', ...image, `    ${text}`)).toEqual(['compose/missing-variable']);
  });

  test('a refused key is not proposed in place of an unknown one', () => {
    const loaded = load({ [file]: 'services:\n  web:\n    image: x\n    modls: []\n' });
    expect(loaded).toMatchObject({ problems: [{ fix: expect.not.stringContaining('models') }] });
  });
});
