import { must } from '#base/assert.ts';
import { compileManifest } from '#compile/compile.ts';
import type { FirewallResource, Manifest } from '#compile/manifest.ts';
import { tableChange, tableText } from '#compile/nft/text.ts';
import { run } from '#host/exec.ts';
import type { MachineRecord, Plan, Policy, Release, Replica } from '#plan/model.ts';
import { genesis } from '#plan/next.ts';
import { addressServices } from '#plan/services.ts';
import { loadApp } from '#spec/compose/load.ts';
import { type Row, timed } from './measure.ts';
import type { Suite } from './suite.ts';

const machineCount = 100;
const appCount = 100;
const servicesPerApp = 10;
const replicasPerService = 5;
const namespace = 'ballast-scale';
const inside = ['nsenter', `--net=/run/netns/${namespace}`];

/** A large fleet, as far as it is a matter of computing and of the kernel's tables: no machine is made for it. */
export const scale: Suite = async ({ rounds, story, signal }) => {
  const { policy, plan } = fleet();
  const moved = withOneReplicaGone(plan);
  const compile = (of: Plan): Promise<number> =>
    timed(async () => Object.keys(policy.machines).map((machine) => manifestOf(policy, of, machine)));
  const whole: number[] = [];
  const again: number[] = [];
  await story.step(`Compile ${appCount * servicesPerApp} services for ${machineCount} machines`, async () => {
    for (let round = 0; round < rounds; round += 1) {
      // Another object is another plan: nothing that was made before helps.
      whole.push(await compile({ ...plan }));
      again.push(await compile({ ...moved }));
    }
  });
  const before = tableOf(manifestOf(policy, plan, 'm-1'));
  const after = tableOf(manifestOf(policy, moved, 'm-1'));
  const one = must(tableChange(before.objects, after), 'a change of objects');
  const back = must(tableChange(after.objects, before), 'a change of objects');
  const loads: number[] = [];
  const changes: number[] = [];
  const lists: number[] = [];
  await story.step('Load its rules', async () => {
    await run(['ip', 'netns', 'add', namespace], { signal });
    try {
      for (let round = 0; round < rounds; round += 1) loads.push(await load(tableText(before), signal));
      for (let round = 0; round < rounds * 3; round += 1) {
        changes.push(await load(one, signal));
        await load(back, signal);
        lists.push(await timed(() => nft(['--stateless', 'list', 'table', 'inet', 'ballast'], '', signal)));
      }
    } finally {
      await run(['ip', 'netns', 'delete', namespace]);
    }
  });
  const size = `${appCount * servicesPerApp} services x ${replicasPerService} on ${machineCount} machines`;
  const ms = (what: string, values: readonly number[]): Row => ({ what, unit: 'ms', values, limits: [] });
  return [
    ms(`${size}: all manifests`, whole),
    ms('- after one replica changed', again),
    ms(`${size}: one machine's rules, loaded as a whole`, loads),
    ms(`- one service changed, ${one.split('\n').length - 1} commands`, changes),
    ms('- looked at for changes by another hand', lists),
  ];
};

const load = async (text: string, signal: AbortSignal): Promise<number> =>
  await timed(() => nft(['-f', '-'], text, signal));

const nft = async (words: readonly string[], input: string, signal: AbortSignal): Promise<string> =>
  await run([...inside, 'nft', ...words], { input, signal });

const manifestOf = (policy: Policy, plan: Plan, machine: string): Manifest =>
  compileManifest({ policy, plan, machine, fixtures: { ca: '', registry: null } });

const tableOf = ({ resources }: Manifest): FirewallResource =>
  must(
    resources.find((one): one is FirewallResource => one.id === 'firewall:inet/ballast'),
    'table',
  );

function fleet(): { readonly policy: Policy; readonly plan: Plan } {
  const machines = Array.from({ length: machineCount }, (_, n) => machineOf(n + 1));
  const releases = Array.from({ length: appCount }, (_, n) => releaseOf(`app${n + 1}`));
  const replicas = releases.flatMap((release, n) => replicasOf(release, n));
  const policy: Policy = {
    fleet: {
      ...{ name: 'scale', pools: {}, registry: {} },
      network: { machines: '10.70.0.0/16', containers: '10.91.0.0/16', services: '10.92.0.0/16' },
    },
    machines: Object.fromEntries(machines.map((one) => [one.name, one])),
    apps: Object.fromEntries(
      releases.map((release) => [release.app, { name: release.app, wanted: 1, releases: { 1: release } }]),
    ),
  };
  const apps = new Map(releases.map(({ app }) => [app, { target: 1 }]));
  const release = (app: string): Release => must(policy.apps[app]?.releases[1], app);
  const services = addressServices({ fleet: policy.fleet, parent: {}, replicas, apps, release }, []);
  const state = { wanted: 1, target: 1, healthy: 1, phase: 'steady', since: 0 } as const;
  return {
    policy,
    plan: {
      ...genesis,
      number: 1,
      apps: Object.fromEntries(releases.map(({ app }) => [app, state])),
      replicas: Object.fromEntries(replicas.map((one) => [one.id, one])),
      services: Object.fromEntries(services),
    },
  };
}

const machineOf = (index: number): MachineRecord => ({
  ...{
    name: `m-${index}`,
    provider: 'ssh',
    index,
    address: `10.70.0.${index}`,
    labels: {},
    schedulable: true,
  },
});

function releaseOf(app: string): Release {
  const services = Array.from(
    { length: servicesPerApp },
    (_, n) => `  s${n + 1}: { image: "x@sha256:${'0'.repeat(64)}" }\n`,
  );
  const loaded = loadApp({
    files: ['/compose.yaml'],
    read: () => `name: ${app}\nservices:\n${services.join('')}`,
    env: {},
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { model, origins } = loaded.value;
  return { app, number: 1, model, origins, secrets: {}, at: 0, by: 'bench', note: 'deploy' };
}

/** Spread over the machines one after the other. */
const replicasOf = ({ app, model }: Release, n: number): readonly Replica[] =>
  Object.keys(model.services).flatMap((service, s) =>
    Array.from({ length: replicasPerService }, (_, r) => {
      const place = n * servicesPerApp * replicasPerService + s * replicasPerService + r;
      const machine = (place % machineCount) + 1;
      return {
        ...{ id: `${app}-${service}-${r + 1}-r1`, app, service, slot: r + 1, release: 1, digest: '' },
        ...{ machine: `m-${machine}`, address: `10.91.${machine}.${10 + Math.floor(place / machineCount)}` },
        ...{ phase: 'serving', since: 0, plan: 1, reason: '' },
      } as const;
    }),
  );

const withOneReplicaGone = (plan: Plan): Plan => {
  const [[id = '', one] = []] = Object.entries(plan.replicas);
  return { ...plan, replicas: { ...plan.replicas, [id]: { ...must(one, 'replica'), phase: 'draining' } } };
};
