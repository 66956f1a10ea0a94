import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#host/exec.ts';
import { failed, type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { data, executable } from '#scripts/fleet/places.ts';
import { ensureVariant } from '#scripts/fleet/variant.ts';
import { prepareAnsible } from './ansible.ts';
import { hostSection, jobOf } from './baseline-job.ts';
import { type Row, timed } from './measure.ts';
import type { Bench, Suite } from './suite.ts';

const home = join(data, 'bench-baseline');
const network = '10.79.0.0/24';
const machines = 10;
const editsMax = 50;

/** What a configuration manager does, on ten machines; the peer is Ansible with the same job on the same machines. */
export const baseline: Suite = async (bench) => {
  // Ansible needs Python on what it manages.
  const cache = await bench.story.step('Base image with Python', () =>
    ensureVariant('python', ['python3', 'python3-apt']),
  );
  const newFleet = (): LocalFleet =>
    localFleet({
      ...{ name: 'blbench', home, cache, executable, ownConfig: true, network, machines, port: 7719 },
    });
  await newFleet().down();
  const fleet = newFleet();
  try {
    return await measure(fleet, bench);
  } finally {
    await fleet.down();
  }
};

async function measure(fleet: LocalFleet, { rounds, story, signal }: Bench): Promise<readonly Row[]> {
  const job = jobOf(20);
  const deploy = async (hosts: { all?: unknown; one?: unknown }): Promise<void> => {
    await writeFile(fleet.fleetFile, fleetText(hosts));
    const done = await fleet.ballast(['deploy', '-f', fleet.fleetFile], {
      signal,
      timeoutMs: 600_000,
    });
    if (done.code !== 0) throw failed('ballast deploy -f fleet.yaml failed', done);
  };
  const host = hostSection(job);
  const first: number[] = [];
  const all: number[] = [];
  const unchanged: number[] = [];
  const peer: number[] = [];
  const repair: number[] = [];
  await story.step(`${machines} machines`, async () => {
    await writeFile(fleet.fleetFile, fleetText({}));
    await fleet.startServer(signal);
    await deploy({});
  });
  await story.step('First baseline', async () => {
    for (let round = 0; round < rounds; round += 1) {
      await deploy({});
      first.push(await timed(() => deploy({ one: host })));
    }
    await deploy({});
    all.push(await timed(() => deploy({ all: host })));
  });
  await story.step('Nothing to do', async () => {
    for (let n = 0; n < 10; n += 1) unchanged.push(await timed(() => deploy({ all: host })));
  });
  await story.step('Drift', async () => {
    repair.push(...(await edits(fleet, signal)));
  });
  await story.step('Ansible', async () => {
    // Alone with the machines: it makes the same of them first, and then finds nothing to do.
    await deploy({});
    const ansible = await prepareAnsible(fleet, job, { home, signal });
    await ansible.play();
    for (let round = 0; round < rounds; round += 1) peer.push(await timed(ansible.play));
  });
  return [
    {
      what: 'first baseline of one machine, packages present',
      unit: 'ms',
      values: first,
      limit: { kind: 'at most', value: 3_000 },
    },
    {
      what: `first baseline of ${machines} machines at once`,
      unit: 'ms',
      values: all,
      limit: { kind: 'none' },
    },
    {
      what: `nothing to do on ${machines} machines`,
      unit: 'ms',
      values: unchanged,
      floor: { what: 'by Ansible', values: peer },
      limit: { kind: 'at most', value: 500 },
    },
    {
      what: 'a file edited by hand is put right',
      unit: 'ms',
      values: repair,
      limit: { kind: 'p99', value: 1_000 },
    },
  ];
}

/** Milliseconds from a change by hand to the file as it was, each measured on the machine itself. */
async function edits(fleet: LocalFleet, signal: AbortSignal): Promise<readonly number[]> {
  const script = `for n in $(seq ${editsMax}); do
  file=/etc/bench/file-$((n % 20)); want=$(cat "$file"); began=$(date +%s%N); echo other > "$file"
  for try in $(seq 3000); do [ "$(cat "$file")" = "$want" ] && break; sleep 0.005; done
  echo $((($(date +%s%N) - began) / 1000))
done`;
  const argv = [...(await fleet.provider.inside('one', signal)), 'sh', '-c', script];
  const out = await run(argv, { signal, timeoutMs: 600_000 });
  return out
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1000);
}

const fleetText = ({ all, one }: { all?: unknown; one?: unknown }): string =>
  JSON.stringify({
    fleet: 'blbench',
    ...(all === undefined ? {} : { host: all }),
    machines: {
      app: { provider: 'local', count: machines - 1 },
      one: { provider: 'local', ...(one === undefined ? {} : { host: one }) },
    },
    network: { machines: network },
  });
