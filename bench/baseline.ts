import { ensureVariant } from '#scripts/fleet/variant.ts';
import { prepareAnsible } from './ansible.ts';
import { hostSection, jobOf } from './baseline-job.ts';
import { type Lab, withLab } from './lab.ts';
import { type Row, timed } from './measure.ts';
import type { Bench, Suite } from './suite.ts';

const machines = 10;
const editsMax = 50;

/** What a configuration manager does, on ten machines; the peer is Ansible with the same job on the same machines. */
export const baseline: Suite = async (bench) => {
  // Ansible needs Python on what it manages.
  const cache = await bench.story.step('Base image with Python', () =>
    ensureVariant('python', ['python3', 'python3-apt']),
  );
  return await withLab({ cache, machines }, bench, async (lab) => await measure(lab, bench));
};

async function measure(lab: Lab, { rounds, story, signal, failed }: Bench): Promise<readonly Row[]> {
  const job = jobOf(20);
  const host = hostSection(job);
  // Each is fresh once, so there are as many of them as rounds.
  const fresh = Array.from({ length: Math.min(rounds, machines - 1) }, (_, n) => `fresh-${n + 1}`);
  const deploy = async (hosts: {
    readonly all?: unknown;
    readonly of?: readonly string[];
  }): Promise<void> => {
    await lab.deployFleet(fleetFile(fresh, { ...hosts, host }, lab));
  };
  const values: Record<'first' | 'all' | 'unchanged' | 'repair', number[]> = {
    ...{ first: [], all: [], unchanged: [], repair: [] },
  };
  const peer: Record<'first' | 'unchanged' | 'repair', number[]> = { first: [], unchanged: [], repair: [] };
  await story.step(`${machines} machines`, () => deploy({}));
  await story.step('First baseline', async () => {
    for (let n = 1; n <= fresh.length; n += 1) {
      values.first.push(await timed(() => deploy({ of: fresh.slice(0, n) })));
    }
    await deploy({});
    values.all.push(await timed(() => deploy({ all: host })));
  });
  await story.step('Nothing to do', async () => {
    for (let n = 0; n < 10; n += 1) values.unchanged.push(await timed(() => deploy({ all: host })));
  });
  await story.step('A file edited by hand', async () => {
    values.repair.push(...(await edits(lab)));
  });
  const beside = async (): Promise<void> => {
    // Alone with the machines: it makes the same of them first, and then finds nothing to do.
    await deploy({});
    const ansible = await prepareAnsible(lab.fleet, job, { home: lab.fleet.options.home, signal });
    peer.first.push(await timed(ansible.play));
    // Once is enough: a play takes a minute and a half.
    peer.unchanged.push(await timed(ansible.play));
    await lab.inside('fresh-1', ['sh', '-c', 'echo other > /etc/bench/file-0']);
    peer.repair.push(await timed(ansible.play));
  };
  await story.step('Ansible', beside).catch((error: unknown) => failed('Ansible', error));
  return [
    {
      what: 'first baseline of a fresh machine, packages present',
      unit: 'ms',
      values: values.first,
      limits: [{ kind: 'at most', value: 3_000 }],
    },
    {
      what: `first baseline of ${machines} machines at once`,
      unit: 'ms',
      values: values.all,
      ...byAnsible(peer.first),
      limits: [],
    },
    {
      what: `nothing to do on ${machines} machines`,
      unit: 'ms',
      values: values.unchanged,
      ...byAnsible(peer.unchanged),
      limits: [{ kind: 'at most', value: 500 }],
    },
    {
      what: 'a file edited by hand is put right',
      unit: 'ms',
      values: values.repair,
      ...byAnsible(peer.repair),
      limits: [{ kind: 'p99', value: 1_000 }],
    },
  ];
}

const byAnsible = (values: readonly number[]): Pick<Row, 'floor'> =>
  values.length === 0 ? {} : { floor: { what: 'by Ansible', values } };

/** Milliseconds from a change by hand to the file as it was, each measured on the machine itself. */
async function edits(lab: Lab): Promise<readonly number[]> {
  const script = `for n in $(seq ${editsMax}); do
  file=/etc/bench/file-$((n % 20)); want=$(cat "$file"); began=$(date +%s%N); echo other > "$file"
  for try in $(seq 3000); do [ "$(cat "$file")" = "$want" ] && break; sleep 0.005; done
  echo $((($(date +%s%N) - began) / 1000))
done`;
  const out = await lab.inside('fresh-1', ['sh', '-c', script], 300_000);
  return out
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1000);
}

const fleetFile = (
  fresh: readonly string[],
  { all, of = [], host }: { readonly all?: unknown; readonly of?: readonly string[]; readonly host: unknown },
  lab: Lab,
): unknown => ({
  fleet: 'blbench',
  ...(all === undefined ? {} : { host: all }),
  machines: {
    app: { provider: 'local', count: machines - fresh.length },
    ...Object.fromEntries(
      fresh.map((name) => [name, { provider: 'local', ...(of.includes(name) ? { host } : {}) }]),
    ),
  },
  network: { machines: lab.fleet.options.network },
});
