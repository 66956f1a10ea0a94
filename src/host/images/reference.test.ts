import { expect, test } from 'vitest';
import { mirrorPath, parseReference, repositoryPart, showReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['postgres', 'docker.io/library/postgres:latest'],
  ['postgres:17', 'docker.io/library/postgres:17'],
  ['grafana/grafana:11', 'docker.io/grafana/grafana:11'],
  ['docker.io/postgres:17', 'docker.io/library/postgres:17'],
  ['index.docker.io/library/postgres', 'docker.io/library/postgres:latest'],
  ['quay.io/prometheus/node-exporter:v1', 'quay.io/prometheus/node-exporter:v1'],
  ['registry.example.com:5000/a/b', 'registry.example.com:5000/a/b:latest'],
  ['localhost/mine:1', 'localhost/mine:1'],
  ['localhost:5000/mine', 'localhost:5000/mine:latest'],
  [`postgres:17@${digest}`, `docker.io/library/postgres@${digest}`],
])('%s means %s', (text, full) => {
  const parsed = parseReference(text);
  expect(parsed.ok && showReference(parsed.value)).toBe(full);
});

test.each([
  'Postgres',
  'a b',
  '',
  'postgres:',
  'postgres@sha256:12',
  'postgres@md5:aa',
  'https://x.io/a',
  'a//b',
  'postgres:-x',
])('%j is no image name', (text) => {
  expect(parseReference(text).ok).toBe(false);
});

test('copies of images from different places never share a repository', () => {
  const paths = [
    'postgres',
    'quay.io/library/postgres',
    'x.io:5000/library/postgres',
    'x.io/library/postgres',
  ].map((text) => {
    const parsed = parseReference(text);
    return parsed.ok ? mirrorPath(parsed.value) : text;
  });
  expect(paths[0]).toBe('mirror/docker.io/library/postgres');
  expect(new Set(paths).size).toBe(paths.length);
  for (const path of paths) expect(parseReference(`x.io/${path}`).ok).toBe(true);
});

test('a name that registries do not take is changed and stays unlike any other', () => {
  expect(repositoryPart('web-1')).toBe('web-1');
  const changed = ['Web', 'web-', 'web_', 'WEB', '_'].map(repositoryPart);
  expect(new Set([...changed, 'web']).size).toBe(6);
  for (const part of changed) expect(parseReference(`x.io/app/${part}`).ok).toBe(true);
});
