import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { ensureBase } from '#provider/local/base-image.ts';
import { cache, data } from '#scripts/fleet/places.ts';
import type { FleetEvent } from '#wire/views.ts';
import { benchImage, composeText } from './app.ts';
import { hostSection, jobOf } from './baseline-job.ts';
import { type Change, changeScript, changesTo } from './by-hand.ts';
import { eventually, type Lab, withLab } from './lab.ts';
import type { Row } from './measure.ts';
import type { Suite } from './suite.ts';

const imageHome = join(data, 'bench-image');
const machine = 'app-1';
/** Each kind of change so often: enough for a 99th percentile over all. */
const passes = 8;
const triesMax = 500;

/** Changes of every kind by hand on one machine: how soon each is seen and how soon all is as declared. */
export const drift: Suite = async (bench) => {
  const { story, signal } = bench;
  try {
    return await withLab({ cache, machines: 1 }, bench, async (lab) => {
      const base = await story.step('Base image', (detail) => ensureBase(cache, detail, signal));
      await story.step('Image of the bench app', () => benchImage(base, imageHome, cache));
      const changes = await story.step('A machine that holds things', () => setUp(lab, signal));
      return await story.step(`${changes.length * passes} changes by hand`, (detail) =>
        makeAll(lab, changes, { detail, signal }),
      );
    });
  } finally {
    await rm(imageHome, { recursive: true, force: true });
  }
};

async function setUp(lab: Lab, signal: AbortSignal): Promise<readonly Change[]> {
  const job = jobOf(20);
  const compose = join(lab.fleet.options.home, 'one.yaml');
  await lab.deployFleet({
    fleet: 'blbench',
    host: hostSection(job),
    machines: { app: { provider: 'local', count: 1 } },
    network: { machines: lab.fleet.options.network },
  });
  await writeFile(compose, composeText('one', ['one'], 1));
  await lab.ballast('deploy', '-f', compose);
  const { value } = await eventually('the replica', signal, async () => {
    const { replicas } = await lab.client.call('listReplicas', {}, { signal });
    return replicas.find(({ report }) => report?.state === 'running');
  });
  const [unit = ''] = job.units;
  return changesTo({
    file: must(job.files[0], 'file'),
    unit: { name: unit, file: `/etc/systemd/system/${unit}` },
    user: must(job.users[0], 'user'),
    sysctl: must(job.sysctls[0], 'sysctl'),
    container: { name: value.id, url: `http://${value.address}:8080/` },
  });
}

interface Times {
  /** From the change to the agent's event. */
  readonly seen: number[];
  /** From the change until people who watch are told. */
  readonly told: number[];
  readonly right: number[];
}

async function makeAll(
  lab: Lab,
  changes: readonly Change[],
  { detail, signal }: { readonly detail: (text: string) => void; readonly signal: AbortSignal },
): Promise<readonly Row[]> {
  const times = new Map(
    changes.map(({ name }): [string, Times] => [name, { seen: [], told: [], right: [] }]),
  );
  for (let pass = 1; pass <= passes; pass += 1) {
    for (const change of changes) {
      detail(`${pass} of ${passes}: ${change.name}`);
      await makeOne(lab, change, must(times.get(change.name), change.name));
      await calm(lab, signal);
    }
  }
  return rowsOf(times);
}

async function makeOne(lab: Lab, change: Change, { seen, told, right }: Times): Promise<void> {
  const from = lab.heard.length;
  const said = await lab
    .inside(machine, ['sh', '-c', changeScript(change, triesMax)])
    .catch(async (cause: unknown) => {
      const failed = `${change.name}: it was not put right within ${triesMax / 50} s`;
      const log = await lab.ballast('events', '--tail', '12').catch(() => '');
      throw new BallastError('command-failed', failed, { cause, log: log.trim().split('\n') });
    });
  const [began = Number.NaN, righted = Number.NaN] = said.trim().split(' ').map(Number);
  right.push(righted - began);
  // Of a container that is restarted by systemd its crash is told, of all else the drift.
  const isAbout = (event: FleetEvent): boolean => event.subject === change.subject;
  const isEnd = ({ kind, stage }: FleetEvent): boolean => kind !== 'drift' || stage !== 'found';
  await lab.event(`how ${change.name} ended`, (event) => isAbout(event) && isEnd(event), {
    ...{ from, timeoutMs: 15_000 },
  });
  const first = must(lab.heard.slice(from).find(isAbout), 'an event');
  seen.push(first.at - began);
  told.push(first.heardAt - began);
}

/** The next change finds a machine at rest, so that it is measured alone. */
async function calm({ client }: Lab, signal: AbortSignal): Promise<void> {
  await eventually('a machine that is as declared', signal, async () => {
    const { machines } = await client.call('listMachines', {}, { signal });
    const { replicas } = await client.call('listReplicas', {}, { signal });
    const isCalm =
      machines.every(({ conformity, failures }) => conformity === 'up-to-date' && failures.length === 0) &&
      replicas.every(({ report }) => report?.state === 'running');
    return isCalm ? true : undefined;
  });
}

function rowsOf(times: ReadonlyMap<string, Times>): readonly Row[] {
  const all = (of: keyof Times): number[] => [...times.values()].flatMap((each) => each[of]);
  const parts = (of: keyof Times): NonNullable<Row['parts']> =>
    [...times].filter(([, each]) => each[of].length > 0).map(([what, each]) => ({ what, values: each[of] }));
  return [
    {
      ...{ what: 'drift: change by hand to seen', unit: 'ms', values: all('seen'), parts: parts('seen') },
      limits: [
        { kind: 'at most', value: 100 },
        { kind: 'p99', value: 1_000 },
      ],
    },
    {
      ...{ what: 'drift: change by hand to told to who watches', unit: 'ms', values: all('told') },
      limits: [],
    },
    {
      ...{ what: 'drift: change by hand to put right', unit: 'ms' },
      ...{ values: all('right'), parts: parts('right') },
      limits: [{ kind: 'p99', value: 1_000 }],
    },
  ];
}
