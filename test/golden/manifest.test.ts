import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { compileManifest } from '#compile/compile.ts';
import type { Resource } from '#compile/manifest.ts';
import { tableText } from '#compile/nft/text.ts';
import { loadApp } from '#spec/compose/load.ts';
import type { AppModel } from '#spec/model.ts';
import type { MachineSketch } from '#test/sim/sketch.ts';
import { release, World } from '#test/sim/world.ts';

/*
 * Goldens: a fleet and a Compose file, a line of dashes, and what each machine holds once the app is there. What every
 * machine of every fleet holds is left out; `show: KIND …` leaves out other kinds and what every container has. `vitest run test/golden/manifest.test.ts --update` writes the second part
 * anew.
 */

const folder = fileURLToPath(new URL('./manifest', import.meta.url));
const line = '-'.repeat(72);
const fixtures = { ca: 'the CA', registry: null };

describe('the manifests of', () => {
  test.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s hold', async (name) => {
    const path = `${folder}/${name}`;
    const [input = ''] = readFileSync(path, 'utf8').split(`\n${line}\n`);
    await expect(`${input.trimEnd()}\n${line}\n${outcome(input)}`).toMatchFileSnapshot(path);
  });
});

/** Lines `show: KIND …` and `machine: label=value …`, then `=== path` before the text of each file, all below /app. */
function outcome(input: string): string {
  const [head = '', ...parts] = input.split(/^=== /m);
  const files = new Map(
    parts.map((part): [string, string] => {
      const end = part.indexOf('\n');
      return [`/app/${part.slice(0, end).trim()}`, part.slice(end + 1)];
    }),
  );
  const kinds = /^show: (.*)$/m.exec(head)?.[1]?.split(' ');
  const world = new World(machinesOf(head));
  const usual = shown(world, kinds);
  const loaded = loadApp({ files: ['/app/compose.yaml'], read: (path) => files.get(path), env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, null, 2));
  const { model, origins } = loaded.value;
  world.want(model.name, { ...release(model.name, 1, [], pinned(model)), origins, secrets: secretsOf(model) });
  world.settle();
  const after = shown(world, kinds);
  return Object.entries(after)
    .map(([machine, resources]) => {
      const own = resources.filter((text) => !usual[machine]?.includes(text));
      return `=== ${machine}\n${own.join('')}`;
    })
    .join('\n');
}

const machinesOf = (head: string): Record<string, MachineSketch> =>
  Object.fromEntries(
    [...head.matchAll(/^(\w+-\d+):(.*)$/gm)].map(([, name = '', labels = '']) => {
      const pairs = [...labels.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value]);
      return [name, { labels: Object.fromEntries(pairs) as Record<string, string> }];
    }),
  );

/** As a release has it: every image by digest. */
const pinned = (model: AppModel): AppModel => ({
  ...model,
  services: Object.fromEntries(
    Object.entries(model.services).map(([name, service]) => [
      name,
      { ...service, image: `${service.image ?? `registry.internal:5000/${model.name}/${name}`}@sha256:0123` },
    ]),
  ),
});

const secretsOf = (model: AppModel): Record<string, { name: string; version: number }> =>
  Object.fromEntries(Object.entries(model.secrets).map(([key, { name }]) => [key, { name, version: 1 }]));

/** What each machine holds, one text a resource. */
function shown({ policy, plan }: World, kinds: readonly string[] | undefined): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.keys(policy.machines).map((machine) => [
      machine,
      compileManifest({ policy, plan, machine, fixtures })
        .resources.filter(({ kind }) => kinds?.includes(kind) ?? true)
        .map((resource) => text(resource, kinds !== undefined))
        .filter((one) => one !== ''),
    ]),
  );
}

function text(resource: Resource, brief: boolean): string {
  const { id, origin } = resource;
  const title = `[${id}] ${origin.replace('/app/', '')}\n`;
  switch (resource.kind) {
    case 'container': {
      const { health, stopGraceMs } = resource;
      return `${title}${indented(brief ? special(resource.quadlet) : resource.quadlet)}  health: ${JSON.stringify(health)}, grace: ${stopGraceMs} ms\n`;
    }
    case 'file': {
      const look = `${resource.mode.toString(8)} ${resource.owner}:${resource.group}`;
      // The rules stand once more in the resource that holds them against change.
      if (resource.path === '/etc/ballast/firewall.nft') return '';
      return `${title}  ${look}\n${indented(resource.content ?? `secret ${must(resource.secret, 'secret')}`)}`;
    }
    case 'firewall':
      return `${title}${indented(tableText(resource))}`;
    case 'volume':
      return `${title}  ${JSON.stringify(volumeOf(resource))}\n`;
    case 'directory':
      return `${title}  ${resource.mode.toString(8)}\n`;
    default:
      return title;
  }
}

const volumeOf = ({ driver, options, labels, external }: Extract<Resource, { kind: 'volume' }>): object => ({
  driver,
  options,
  labels,
  external,
});

/** A Quadlet without the lines that every container has. */
const special = (quadlet: string): string =>
  quadlet
    .split('\n')
    .filter((one) => one !== '' && !everywhere.test(one))
    .join('\n');

const everywhere =
  /^(#|\[|Description=|Wants=|After=|StartLimitIntervalSec=0$|ContainerName=|Image=|Pull=|Label=ballast\.|IP=|PodmanArgs=--mac-|RestartSec=1s$|TimeoutStartSec=|Environment=PODMAN_|WantedBy=)/;

const indented = (body: string): string =>
  body
    .trimEnd()
    .split('\n')
    .map((one) => `${`  ${one}`.trimEnd()}\n`)
    .join('');
