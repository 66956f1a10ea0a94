import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { same } from '#base/json.ts';
import { normalizePath } from '#base/path.ts';
import type { Problem, Result } from '#base/result.ts';
import { loadApp } from '#spec/compose/load.ts';
import type { LoadedApp, LoadInput } from '#spec/compose/load.ts';
import { parseFleet } from '#spec/fleet/parse.ts';

/*
 * Goldens: files as people write them, a line of dashes, and what Ballast makes of them: the normalised model without
 * what every service has by default, or the problems. `vitest run -u test/golden` writes the second part anew.
 */

const folder = fileURLToPath(new URL('./compose', import.meta.url));
const line = '-'.repeat(72);

describe('the golden', () => {
  test.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s holds', async (name) => {
    const path = `${folder}/${name}`;
    const [input = ''] = readFileSync(path, 'utf8').split(`\n${line}\n`);
    await expect(`${input.trimEnd()}\n${line}\n${outcome(input)}`).toMatchFileSnapshot(path);
  });
});

/** `key: value` lines of options, then `=== path` before the text of each file, all below /app. */
function outcome(input: string): string {
  const [head = '', ...parts] = input.split(/^=== /m);
  const options = Object.fromEntries([...head.matchAll(/^(\w+): (.*)$/gm)].map(([, key, value]) => [key, value]));
  const files = new Map(
    parts.map((part): [string, string] => {
      const end = part.indexOf('\n');
      return [normalizePath(`/app/${part.slice(0, end).trim()}`), part.slice(end + 1)];
    }),
  );
  const env = Object.fromEntries((options['env'] ?? '').split(' ').flatMap((one: string) => (one === '' ? [] : [one.split('=')])));
  const fleet = files.get('/app/fleet.yaml');
  if (fleet !== undefined) {
    const parsed = parseFleet({ file: 'fleet.yaml', text: fleet, env, read: (path) => files.get(`/app/${path}`) });
    return parsed.ok ? stringify(parsed.value.fleet) : problems(parsed.problems);
  }
  const named = options['files']?.split(' ') ?? [...files.keys()].filter((path) => path.endsWith('.yaml')).slice(0, 1);
  return show(
    loadApp({
      files: named.map((path: string) => (path.startsWith('/') ? path : `/app/${path}`)),
      read: (path) => files.get(path),
      exists: (path) => [...files.keys()].some((file) => file === path || file.startsWith(`${path}/`)),
      env,
      ...(options['name'] === undefined ? {} : { projectName: options['name'] }),
      ...(options['profiles'] === undefined ? {} : { profiles: options['profiles'].split(' ') }),
    } satisfies LoadInput),
  );
}

function show(result: Result<LoadedApp>): string {
  if (!result.ok) return problems(result.problems);
  const { model } = result.value;
  const services = Object.entries(model.services).map(([name, service]) => [name, differing(service, plainService())]);
  const told = result.warnings === undefined ? '' : `# warnings\n${problems(result.warnings)}`;
  const sections = Object.fromEntries(Object.entries(model).filter(([, section]) => !same(section, {})));
  return stringify({ ...sections, services: Object.fromEntries(services) }, { lineWidth: 110 }) + told;
}

function problems(found: readonly Problem[]): string {
  return found
    .map(({ code, what, why, fix, at }) => {
      const place = at === undefined ? '' : `${at.file.replace('/app/', '')}:${at.line}:${at.column} `;
      return [`${place}${code}`, `  ${what}`, why && `  why: ${why}`, fix && `  fix: ${fix}`].filter(Boolean).join('\n');
    })
    .join('\n')
    .concat('\n');
}

/** What a service is that says nothing. */
function plainService(): object {
  const loaded = loadApp({
    files: ['/app/compose.yaml'],
    read: (path) => (path === '/app/compose.yaml' ? 'services: { web: { image: none } }' : undefined),
    env: {},
  });
  return loaded.ok ? { ...loaded.value.model.services['web'], name: undefined, image: undefined } : {};
}

/** The members of `value` that are not as in `usual`. */
function differing(value: object, usual: object): object {
  const before = new Map(Object.entries(usual));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
      const other: unknown = before.get(key);
      if (same(member, other)) return [];
      const both = isRecord(member) && isRecord(other) && key !== 'networks';
      return [[key, both ? differing(member, other) : member]];
    }),
  );
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
