import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { exec } from '#host/exec.ts';
import { ensureBase } from '#provider/local/base-image.ts';
import { failed, type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable, projectRoot } from '#scripts/fleet/places.ts';
import { benchImage, composeText } from './app.ts';
import { idle } from './idle.ts';
import { type Row, timed } from './measure.ts';
import type { Bench, Suite } from './suite.ts';

const home = join(data, 'bench');
const floorHome = join(data, 'bench-floor');
/** Apart from the fleet's folder, which goes with each round. */
const imageHome = join(data, 'bench-image');
const floorScript = join(projectRoot, 'bench', 'floor', 'floor.sh');

const newFleet = (): LocalFleet =>
  localFleet({
    ...{ name: 'bench', home, cache, executable, ownConfig: true },
    ...{ network: '10.95.0.0/24', machines: 3, port: 7705 },
  });

/** Starting, a fleet from nothing, deploys, and what runs at rest; the floor is the same by shell and ssh. */
export const deploy: Suite = async (bench) => {
  const { story, signal } = bench;
  const floor = floorBy(signal);
  await newFleet().down();
  await floor('down');
  try {
    const base = await story.step('Base image', (detail) => ensureBase(cache, detail, signal));
    const archive = await story.step('Image of the bench app', () => benchImage(base, imageHome, cache));
    return await measure(base, archive, bench);
  } finally {
    await newFleet().down();
    await floor('down');
    await rm(imageHome, { recursive: true, force: true });
  }
};

type Values = Record<
  'version' | 'node' | 'fleet' | 'fleetFloor' | 'deploy' | 'deployFloor' | 'unchanged',
  number[]
>;

const floorBy =
  (signal: AbortSignal) =>
  async (verb: string, ...more: string[]): Promise<number> => {
    const done = await exec([floorScript, verb, floorHome, ...more], { timeoutMs: 120_000, signal });
    if (done.code !== 0) throw failed(`floor.sh ${verb} failed`, done);
    return Number(done.stdout.trim());
  };

async function measure(
  base: string,
  archive: string,
  { rounds, story, signal }: Bench,
): Promise<readonly Row[]> {
  const values: Values = {
    ...{ version: [], node: [], fleet: [], fleetFloor: [], deploy: [], deployFloor: [], unchanged: [] },
  };
  const floor = floorBy(signal);
  let fleet = newFleet();
  const ballast = async (...line: string[]): Promise<void> => {
    const done = await fleet.ballast(line, { signal });
    if (done.code !== 0) throw failed(`ballast ${line.join(' ')} failed`, done);
  };
  for (let n = 0; n < 20; n += 1) {
    values.node.push(await timed(() => exec([process.execPath, '-e', '0'])));
    values.version.push(await timed(() => exec([executable, '--version'])));
  }
  const nine = join(home, 'nine.yaml');
  const one = join(home, 'one.yaml');
  const write = async (): Promise<void> => {
    await writeFile(nine, composeText('nine', ['web', 'api', 'client'], 3));
    await writeFile(one, composeText('one', ['one'], 3));
  };
  for (let round = 1; round <= rounds; round += 1) {
    await story.step(`Round ${round}: the floor`, async () => {
      values.fleetFloor.push(await floor('fleet', base, archive));
      for (let n = 0; n < 3; n += 1) values.deployFloor.push(await floor('deploy'));
      await floor('down');
    });
    await story.step(`Round ${round}: Ballast`, async () => {
      await fleet.down();
      fleet = newFleet();
      await write();
      values.fleet.push(
        await timed(async () => {
          await fleet.startServer(signal);
          await ballast('deploy', '-f', fleet.fleetFile);
          await ballast('deploy', '-f', nine);
        }),
      );
      await ballast('deploy', '-f', one); // brings the image where it is not yet
      for (let n = 0; n < 3; n += 1) {
        await ballast('rm', 'one', '--yes');
        values.deploy.push(await timed(() => ballast('deploy', '-f', one)));
      }
      for (let n = 0; n < 5; n += 1) values.unchanged.push(await timed(() => ballast('deploy', '-f', one)));
    });
  }
  const resting = await story.step('At rest', () => idle(fleet, must(fleet.serverPid(), 'server'), signal));
  return rowsOf(values, resting);
}

function rowsOf(values: Values, resting: Awaited<ReturnType<typeof idle>>): readonly Row[] {
  return [
    {
      what: 'ballast --version',
      unit: 'ms',
      values: values.version,
      floor: { what: 'node -e 0', values: values.node },
      limits: [{ kind: 'at most', value: 60 }],
    },
    {
      what: 'fleet of 3 from nothing to 9 containers',
      unit: 'ms',
      values: values.fleet,
      floor: { what: 'by hand', values: values.fleetFloor },
      limits: [{ kind: 'times the floor', value: 2 }],
    },
    {
      what: 'deploy of one service x 3, image present',
      unit: 'ms',
      values: values.deploy,
      floor: { what: 'by ssh', values: values.deployFloor },
      limits: [{ kind: 'times the floor', value: 1.5 }],
    },
    {
      what: 'deploy that changes nothing',
      unit: 'ms',
      values: values.unchanged,
      limits: [{ kind: 'at most', value: 500 }],
    },
    { what: 'agent, RSS', unit: 'MiB', values: resting.agentMiB, limits: [{ kind: 'at most', value: 80 }] },
    {
      what: 'agent, idle',
      unit: '% of a core',
      values: resting.agentCpu,
      limits: [{ kind: 'at most', value: 0.5 }],
    },
    {
      what: 'server with 3 machines, RSS',
      unit: 'MiB',
      values: resting.serverMiB,
      limits: [{ kind: 'at most', value: 150 }],
    },
  ];
}
