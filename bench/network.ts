import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { ensureBase } from '#provider/local/base-image.ts';
import { cache, data } from '#scripts/fleet/places.ts';
import { benchImage, imageName } from './app.ts';
import { eventually, type Lab, withLab } from './lab.ts';
import { type Load, type Path, underLoad } from './load.ts';
import type { Row } from './measure.ts';
import type { Bench, Suite } from './suite.ts';

const imageHome = join(data, 'bench-image');
const port = 8080;
/** Of a process that a shell started on a machine, for the floor. */
const handPort = 18_080;
const bigMiB = 64;

/** What the network adds: every way to a container beside the straight one, in the same run. */
export const network: Suite = async (bench) => {
  const { story, signal } = bench;
  try {
    return await withLab({ cache, machines: 2 }, bench, async (lab) => {
      const base = await story.step('Base image', (detail) => ensureBase(cache, detail, signal));
      await story.step('Image of the bench app', () => benchImage(base, imageHome, cache));
      await story.step('Two machines, two services and a client', () => fill(lab, signal));
      return await measure(lab, bench);
    });
  } finally {
    await rm(imageHome, { recursive: true, force: true });
  }
};

async function fill(lab: Lab, signal: AbortSignal): Promise<void> {
  const { home, network: range } = lab.fleet.options;
  await lab.deployFleet({
    fleet: 'blbench',
    machines: { app: { provider: 'local', count: 2 } },
    network: { machines: range, mesh: 'wireguard' },
    security_groups: { machines: { inbound: [{ from: 'machines', ports: [handPort] }] } },
  });
  const compose = join(home, 'ways.yaml');
  await writeFile(compose, JSON.stringify(app));
  await lab.ballast('deploy', '-f', compose);
  await eventually('all replicas are healthy', signal, async () => {
    const { replicas } = await lab.client.call('listReplicas', {}, { signal });
    return replicas.length === 3 && replicas.every(({ report }) => report?.state === 'running')
      ? true
      : undefined;
  });
  for (const [machine, name] of [
    ['app-1', 'ways-near-1-r1'],
    ['app-2', 'ways-far-1-r1'],
  ] as const) {
    await lab.inside(machine, [
      'podman',
      'exec',
      name,
      'dd',
      'if=/dev/zero',
      'of=/www/big',
      'bs=1M',
      `count=${bigMiB}`,
    ]);
  }
}

const on = (machine: string) => ({ placement: { constraints: [`node.hostname == ${machine}`] } });
const web = (machine: string, ballast: object = {}) => ({
  ...{ image: imageName, init: true, stop_grace_period: '1s', deploy: on(machine) },
  'x-ballast': { health: { path: '/', port, interval: '5s' }, ...ballast },
});

const app = {
  name: 'ways',
  services: {
    near: web('app-1', {
      ingress: [
        { host: 'plain.test', port, tls: 'off' },
        { host: 'secure.test', port, tls: 'internal' },
      ],
    }),
    far: web('app-2'),
    client: {
      image: imageName,
      command: ['/bin/busybox', 'sleep', '1d'],
      init: true,
      stop_grace_period: '1s',
      deploy: on('app-1'),
    },
  },
};

async function measure(lab: Lab, { rounds, story, signal, failed }: Bench): Promise<readonly Row[]> {
  const { replicas } = await lab.client.call('listReplicas', {}, { signal });
  const addressOf = (service: string): string =>
    must(
      replicas.find((one) => one.service === service),
      `replica of ${service}`,
    ).address;
  const inside = (machine: string, script: string): Promise<string> =>
    lab.inside(machine, ['sh', '-c', script], 120_000);
  const pid = (await inside('app-1', 'podman inspect --format {{.State.Pid}} ways-client-1-r1')).trim();
  const vipOf = async (service: string): Promise<string> => {
    const { facts } = await lab.client.call('explainService', { app: 'ways', service }, { signal });
    return must(
      /[\d.]+/.exec(facts.find(({ topic }) => topic === 'address')?.what ?? '')?.[0],
      `address of ${service}`,
    );
  };
  const [nearVip, farVip] = [await vipOf('near'), await vipOf('far')];
  await inside('app-1', 'echo 127.0.0.1 plain.test secure.test >> /etc/hosts');
  const machine2 = `${lab.fleet.options.network.replace(/\d+\/\d+$/, '')}2`;
  const client = (host: string): Path => ({
    enter: ['nsenter', `--net=/proc/${pid}/ns/net`],
    url: `http://${host}:${port}/`,
  });
  const own = (url: string): Path => ({ enter: [], url });
  await inside(
    'app-2',
    `mkdir -p /tmp/hand && echo hello > /tmp/hand/index.html && dd if=/dev/zero of=/tmp/hand/big bs=1M count=${bigMiB} 2>/dev/null && systemd-run -q --unit=hand busybox httpd -f -p ${handPort} -h /tmp/hand`,
  );
  await inside(
    'app-1',
    `systemd-run -q --unit=hand caddy reverse-proxy --from http://:${handPort} --to ${addressOf('near')}:${port}`,
  );
  const ways = {
    near: client(addressOf('near')),
    nearVip: client(nearVip),
    wire: own(`http://${machine2}:${handPort}/`),
    far: client(addressOf('far')),
    farVip: client(farVip),
    straight: own(`http://${addressOf('near')}:${port}/`),
    caddy: own(`http://127.0.0.1:${handPort}/`),
    ingress: own('http://plain.test/'),
    tls: own('https://secure.test/'),
  } satisfies Record<string, Path>;
  const loads = new Map<string, readonly Load[]>();
  for (const [name, path] of Object.entries(ways)) {
    await story
      .step(`Way ${name}`, async () => {
        const found: Load[] = [];
        for (let round = 0; round < rounds; round += 1)
          found.push(await underLoad((script) => inside('app-1', script), path, name));
        loads.set(name, found);
      })
      .catch((error: unknown) => failed(`way ${name}`, error));
  }
  return rowsOf(loads);
}

type Way = readonly [what: string, way: string, floor: string, floorWords: string];

const compared: readonly Way[] = [
  ['one machine, through a virtual address', 'nearVip', 'near', 'container to container'],
  ['two machines, container to container through the mesh', 'far', 'wire', 'machine to machine, clear'],
  ['two machines, through a virtual address', 'farVip', 'far', 'container to container'],
  ['ingress, plain', 'ingress', 'caddy', 'Caddy by hand'],
  ['ingress, TLS, a connection kept', 'tls', 'caddy', 'Caddy by hand, plain'],
  ['ingress, plain', 'ingress', 'straight', 'straight to the container'],
];

function rowsOf(loads: ReadonlyMap<string, readonly Load[]>): readonly Row[] {
  return compared.flatMap(([what, way, floor, words]) => {
    const [own, beside] = [loads.get(way), loads.get(floor)];
    if (own === undefined || beside === undefined) return [];
    const row = (key: keyof Load, title: string, unit: Row['unit']): Row[] => {
      const [values, floors] = [own, beside].map((all) => all.flatMap((one) => one[key] ?? []));
      if (!values?.length || !floors?.length) return [];
      return [
        { what: `${what}: ${title}`, unit, values, floor: { what: words, values: floors }, limits: [] },
      ];
    };
    return [
      ...row('requestsPerSecond', 'requests', 'requests/s'),
      ...row('medianMs', 'median', 'ms'),
      ...row('p99Ms', 'p99', 'ms'),
      ...row('mibPerSecond', `a file of ${bigMiB} MiB`, 'MiB/s'),
    ];
  });
}
