import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { ensureBase } from '#provider/local/base-image.ts';
import { cache, data } from '#scripts/fleet/places.ts';
import type { MachineView, ReplicaView } from '#wire/views.ts';
import { benchImage, composeText } from './app.ts';
import { hostSection, jobOf } from './baseline-job.ts';
import { eventually, type Lab, withLab } from './lab.ts';
import type { Row } from './measure.ts';
import type { Suite } from './suite.ts';

const imageHome = join(data, 'bench-image');
const machines = 3;
const replicas = 6;
/** How long a machine may be away before it is given up: asked for in the fleet file, and part of the figure. */
const replaceAfterS = 5;
const waitMs = 120_000;

/** A machine loses its power for good: how soon all is as it was, without a person, and what that is made of. */
export const replacement: Suite = async (bench) => {
  const { story, signal, rounds } = bench;
  try {
    return await withLab({ cache, machines }, bench, async (lab) => {
      const base = await story.step('Base image', (detail) => ensureBase(cache, detail, signal));
      await story.step('Image of the bench app', () => benchImage(base, imageHome, cache));
      await story.step(`${machines} machines with ${replicas} replicas`, () => setUp(lab, signal));
      const all: Moments[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        all.push(await story.step(`Power cut ${round}`, () => cutOne(lab, signal)));
      }
      return rowsOf(all);
    });
  } finally {
    await rm(imageHome, { recursive: true, force: true });
  }
};

async function setUp(lab: Lab, signal: AbortSignal): Promise<void> {
  const compose = join(lab.fleet.options.home, 'herd.yaml');
  await lab.deployFleet({
    fleet: 'blbench',
    host: hostSection(jobOf(20)),
    machines: { app: { provider: 'local', count: machines, replace_after: `${replaceAfterS}s` } },
    network: { machines: lab.fleet.options.network },
    registry: { machine: 'app-1' },
  });
  await writeFile(compose, composeText('herd', ['web'], replicas));
  await lab.ballast('deploy', '-f', compose);
  await eventually('all replicas', signal, async () => ((await isWhole(lab, signal)) ? true : undefined));
}

/** When what came true, ms since the power was cut. */
type Moments = Readonly<
  Record<'away' | 'lost' | 'elsewhere' | 'replaced' | 'made' | 'enrolled' | 'held' | 'back', number>
>;

async function cutOne(lab: Lab, signal: AbortSignal): Promise<Moments> {
  const running = await replicasOf(lab, signal);
  const victim = must(
    running.map(({ machine }) => machine).find((name) => name !== 'app-1'),
    'victim',
  );
  const before = must(await machineOf(lab, victim, signal), victim);
  const lostIds = new Set(running.filter(({ machine }) => machine === victim).map(({ id }) => id));
  const from = lab.heard.length;
  const cutAt = Date.now();
  const told = async (kind: string): Promise<number> => {
    const fits = (event: { kind: string; machine?: string }): boolean =>
      event.kind === kind && event.machine === victim;
    return (await lab.event(`${kind} of ${victim}`, fits, { from, timeoutMs: waitMs })).at - cutAt;
  };
  const since = async (what: string, holds: () => Promise<boolean>): Promise<number> =>
    (await eventually(what, signal, async () => ((await holds()) ? true : undefined), waitMs)).at - cutAt;
  // Together, so that none has to wait for another to be looked at; all have to be heard before the next cut.
  const [, away, lost, replaced, made, enrolled, elsewhere, held] = await Promise.all([
    lab.fleet.provider.power.cut(victim, signal),
    ...['machine-offline', 'machine-lost', 'machine-replaced', 'machine-created', 'machine-enrolled'].map(
      told,
    ),
    since(
      'all replicas healthy elsewhere',
      async () =>
        (await isWhole(lab, signal)) && (await replicasOf(lab, signal)).every(({ id }) => !lostIds.has(id)),
    ),
    since(`the successor of ${victim} with its baseline`, async () => {
      const now = await machineOf(lab, victim, signal);
      return now?.address !== before.address && now?.state === 'ready' && now.conformity === 'up-to-date';
    }),
  ] as const);
  const back = await since(
    `replicas on the successor of ${victim}`,
    async () =>
      (await isWhole(lab, signal)) &&
      (await replicasOf(lab, signal)).some(({ machine }) => machine === victim),
  );
  return { away, lost, elsewhere, replaced, made, enrolled, held, back } as Moments;
}

async function replicasOf({ client }: Lab, signal: AbortSignal): Promise<readonly ReplicaView[]> {
  return (await client.call('listReplicas', {}, { signal })).replicas;
}

async function machineOf(
  { client }: Lab,
  name: string,
  signal: AbortSignal,
): Promise<MachineView | undefined> {
  const all = await client.call('listMachines', {}, { signal });
  return all.machines.find((machine) => machine.name === name);
}

/** Whether every replica is healthy on a machine that is there. */
async function isWhole(lab: Lab, signal: AbortSignal): Promise<boolean> {
  const all = await replicasOf(lab, signal);
  return all.length === replicas && all.every(({ report, away }) => report?.state === 'running' && !away);
}

function rowsOf(all: readonly Moments[]): readonly Row[] {
  const after = (moment: keyof Moments): number[] => all.map((moments) => moments[moment]);
  const part = (what: string, moment: keyof Moments) => ({ what: `to ${what}`, values: after(moment) });
  return [
    {
      ...{
        what: `power cut to replaced, all replicas healthy (replace_after ${replaceAfterS} s is part of it)`,
      },
      ...{ unit: 'ms', values: all.map(({ held, elsewhere }) => Math.max(held, elsewhere)), limits: [] },
      parts: [
        part('seen as away', 'away'),
        part('given up as lost', 'lost'),
        part('its replicas healthy elsewhere', 'elsewhere'),
        part('a successor decided on', 'replaced'),
        part('the successor made', 'made'),
        part('the successor enrolled', 'enrolled'),
        part('the successor holds its baseline', 'held'),
        part('replicas back on the successor', 'back'),
      ],
    },
  ];
}
