import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerResource, HealthPlan, Resource } from '#compile/manifest.ts';
import { networkResources } from '#compile/network.ts';
import { exec } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import type { Policy } from '#plan/model.ts';
import { agentSeed } from '#provider/agent-seed.ts';
import type { LocalProvider } from '#provider/local/local.ts';
import { type ControlPlane, startControlPlane } from './agent-control-plane.ts';
import { patient, quiet, testFleet } from './provider-lab.ts';

/** One machine with the built agent on it, and a control plane that a test leads it with. */
export interface AgentLab {
  readonly provider: LocalProvider;
  readonly control: ControlPlane;
  /** Runs a shell line inside the machine: what it prints, whatever its exit code. */
  readonly shell: (line: string) => Promise<string>;
  /** An image that is on the machine, by digest. */
  readonly image: string;
  readonly down: () => Promise<void>;
}

export const machineName = 'm1';
export const memoryBytes = 2 * 1024 ** 3;

export async function startAgentLab(fleet: string, network: string): Promise<AgentLab> {
  const executable = join(import.meta.dirname, '../../dist/ballast');
  if (!existsSync(executable)) throw new Error('dist/ballast is not there: run `npm run build` first');
  const { provider } = testFleet(fleet, network);
  await provider.prepare(quiet, patient);
  await provider.network.up(patient);
  const { gateway, link } = provider.network;
  const control = await startControlPlane(machineName, gateway);
  const { ca, token, port } = control;
  const enrolment = { machine: machineName, server: `https://${gateway}:${port}`, ca, token };
  const address = gateway.replace(/\.\d+$/, '.1');
  const seed = agentSeed({ enrolment, executable });
  const shell = async (line: string): Promise<string> => {
    const argv = [...(await provider.inside(machineName, patient)), 'sh', '-c', line];
    const { stdout, stderr } = await exec(argv, { timeoutMs: 60_000 });
    return (stdout + stderr).trim();
  };
  const down = async (): Promise<void> => {
    await control.close();
    await provider.downAll(patient);
  };
  const size = { cpus: 2, memoryBytes };
  try {
    await provider.create({ name: machineName, address, size, seed }, quiet, patient);
    await guardLink(address, link);
    return { provider, control, shell, image: await makeImage(shell), down };
  } catch (cause) {
    await down();
    throw cause;
  }
}

/** Busybox, with a web server that listens a moment after its start. */
async function makeImage(shell: (line: string) => Promise<string>): Promise<string> {
  await shell(`mkdir -p /tmp/root/bin /tmp/root/www /tmp/root/data && cp /bin/busybox /tmp/root/bin/sh &&
    for tool in httpd wget sleep cat echo tail head kill id stty tty env sync; do ln -sf sh /tmp/root/bin/$tool; done &&
    echo well > /tmp/root/www/healthz && tar -C /tmp/root -c . | podman import --quiet - test/box`);
  const listed = await shell('podman images --format json');
  const [found] = JSON.parse(listed) as { RepoDigests: string[] }[];
  const [reference] = found?.RepoDigests ?? [];
  if (reference === undefined) throw new Error(`the image was not made: ${listed}`);
  return reference;
}

const base = (id: string, after: readonly string[] = []) => ({ id, after, origin: 'test' });

export const file = (path: string, content: string, more: object = {}): Resource => ({
  ...base(`file:${path}`),
  kind: 'file',
  path,
  content,
  mode: 0o640,
  owner: 'root',
  group: 'root',
  ...more,
});

export const directory = (path: string): Resource => ({
  ...base(`directory:${path}`),
  kind: 'directory',
  path,
  mode: 0o750,
  owner: 'root',
  group: 'root',
});

export const sysctl = (key: string, value: string): Resource => ({
  ...base(`sysctl:${key}`),
  kind: 'sysctl',
  key,
  value,
});

export const volume = (name: string): Resource => ({
  ...base(`volume:${name}`),
  kind: 'volume',
  name,
  driver: 'local',
  options: {},
  labels: {},
});

export const image = (reference: string): Resource => ({
  ...base(`image:${reference}`),
  kind: 'image',
  reference,
});

export const firewall: Resource = {
  ...base('firewall:inet/test'),
  kind: 'firewall',
  family: 'inet',
  table: 'test',
  objects: [
    {
      kind: 'chain',
      name: 'input',
      hook: 'type filter hook input priority 0; policy accept;',
      rules: ['tcp dport 9 counter drop'],
    },
  ],
};

export const unit = (name: string, stamp: string, after: readonly string[]): Resource => ({
  ...base(`unit:${name}`, after),
  kind: 'unit',
  name,
  enabled: true,
  active: true,
  stamp,
  reload: false,
});

export const settles: HealthPlan = { kind: 'none', settleMs: 300 };

export const httpHealth = (address: string, path = '/healthz'): HealthPlan => ({
  kind: 'http',
  url: `http://${address}:8080${path}`,
  intervalMs: 500,
  timeoutMs: 500,
  retries: 2,
  startPeriodMs: 2_000,
});

export interface Wish {
  readonly image: string;
  readonly number: number;
  readonly exec?: string;
  readonly lines?: string;
  readonly restart?: string;
  readonly health?: HealthPlan;
  readonly after?: readonly string[];
  readonly job?: boolean;
}

export const addressOf = (number: number): string => `10.91.1.${number}`;

/** A replica that serves HTTP unless the wish says otherwise. */
export function container(name: string, wish: Wish): ContainerResource {
  const {
    number,
    exec = "sh -c 'echo serving; exec httpd -f -p 8080 -h /www'",
    lines = '',
    restart = 'always',
  } = wish;
  const address = addressOf(number);
  return {
    ...base(`container:${name}`, [
      `image:${wish.image}`,
      'unit:ballast-network.service',
      ...(wish.after ?? []),
    ]),
    kind: 'container',
    name,
    app: 'app',
    service: 'web',
    address,
    health: wish.health ?? httpHealth(address),
    stopGraceMs: 1_000,
    job: wish.job ?? false,
    quadlet: `[Unit]
StartLimitIntervalSec=0
[Container]
ContainerName=${name}
Image=${wish.image}
Network=ballast
IP=${address}
Pull=never
StopTimeout=1
RunInit=true
LogDriver=journald
PodmanArgs=--mac-address=02:00:0a:5b:01:${number.toString(16).padStart(2, '0')}
${lines}
Exec=${exec}
[Service]
Restart=${restart}
RestartSec=0.2
Environment=PODMAN_IGNORE_CGROUPSV1_WARNING=1
${wish.job ? '' : '[Install]\nWantedBy=multi-user.target\n'}`,
  };
}

/** What containers need to have addresses, as every manifest has it. */
export function network(): readonly Resource[] {
  const policy = {
    fleet: {
      name: 'test',
      pools: {},
      network: { machines: '10.90.0.0/24', containers: '10.91.0.0/16' },
      registry: {},
    },
    machines: {
      [machineName]: {
        name: machineName,
        provider: 'local',
        index: 1,
        address: '10.90.0.1',
        labels: {},
        schedulable: true,
      },
    },
    apps: {},
  } satisfies Policy;
  return networkResources(policy, machineName);
}
