import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { ensureBase } from '#provider/local/base-image.ts';
import { cache, data } from '#scripts/fleet/places.ts';
import { benchImage, composeText } from './app.ts';
import { hostSection, jobOf } from './baseline-job.ts';
import { idle } from './idle.ts';
import { eventually, type Lab, withLab } from './lab.ts';
import { type Row, timed } from './measure.ts';
import type { Bench, Suite } from './suite.ts';

const imageHome = join(data, 'bench-image');
const services = 5;
const containers = 50;
/** With the packages, settings, accounts and services of the job, and what every machine holds, about 500 in all. */
const files = 440;

/** One machine with 50 containers and 500 resources: what its agent takes while nothing happens. */
export const dense: Suite = async (bench) => {
  const { story, signal } = bench;
  try {
    return await withLab({ cache, machines: 1 }, bench, async (lab) => {
      const base = await story.step('Base image', (detail) => ensureBase(cache, detail, signal));
      await story.step('Image of the bench app', () => benchImage(base, imageHome, cache));
      return await measure(lab, bench);
    });
  } finally {
    await rm(imageHome, { recursive: true, force: true });
  }
};

async function measure(lab: Lab, { story, signal }: Bench): Promise<readonly Row[]> {
  const compose = join(lab.fleet.options.home, 'many.yaml');
  const file = {
    fleet: 'blbench',
    host: hostSection(jobOf(files)),
    machines: { app: { provider: 'local', count: 1 } },
    network: { machines: lab.fleet.options.network },
  };
  await story.step('A machine with many resources', () => lab.deployFleet(file));
  const names = Array.from({ length: services }, (_, n) => `s${n + 1}`);
  await writeFile(compose, composeText('many', names, containers / services));
  const filled = await story.step(`${containers} containers`, () =>
    timed(() => lab.ballast('deploy', '-f', compose)),
  );
  await eventually('50 healthy replicas', signal, async () => {
    const { replicas } = await lab.client.call('listReplicas', {}, { signal });
    const isWhole =
      replicas.length === containers && replicas.every((each) => each.report?.state === 'running');
    return isWhole ? true : undefined;
  });
  const held = await lab.client.call('explainMachine', { machine: 'app-1' }, { signal });
  const resting = await story.step('At rest', () =>
    idle(lab.fleet, must(lab.fleet.serverPid(), 'server'), signal),
  );
  const where = `${containers} containers, ${held.resources.length} resources`;
  const mib = (what: string, values: number[]): Row => ({ what, unit: 'MiB', values, limits: [] });
  return [
    { what: `deploy of ${containers} containers to one machine`, unit: 'ms', values: [filled], limits: [] },
    {
      ...mib(`agent with ${where}, RSS`, resting.agentMiB),
      parts: [
        { what: 'PSS', values: resting.agentPssMiB },
        { what: 'PSS with the programs that listen for it', values: resting.pssWithChildrenMiB },
      ],
    },
    {
      ...{ what: `agent with ${where}, idle`, unit: '% of a core', values: resting.agentCpu, limits: [] },
      parts: [{ what: 'with the programs that listen for it', values: resting.cpuWithChildren }],
    },
    mib('server of that machine, RSS', resting.serverMiB),
  ];
}
