import { describe, expect, it } from 'vitest';
import type { Plan, Policy, Release } from '#plan/model.ts';
import { release, service, World } from '#test/sim/world.ts';
import { compileManifest } from './compile.ts';
import type { Fixtures } from './fixtures.ts';
import type { Manifest, Resource } from './manifest.ts';
import { tableText } from './nft/text.ts';

const fixtures: Fixtures = { ca: 'the CA', registry: null };
const grant = { source: 'password', target: '/run/secrets/password', uid: 0, gid: 0, mode: 0o444 };
const port = { target: 8080, published: 80, protocol: 'tcp', mode: 'ingress' } as const;

function compiled(machine: string, world: World): Manifest {
  return compileManifest({ policy: world.policy, plan: world.plan, machine, fixtures });
}

function settled(made: Release): World {
  const world = new World({ 'app-1': {}, 'app-2': {} });
  world.want(made.app, made);
  return world.settle();
}

function shop(): World {
  const web = service('web', { ports: [port], environment: { A: 'x y' } }, { replicas: 2 });
  const db = service('db', {
    secrets: [grant],
    mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false }],
  });
  const plain = release('shop', 1, [web, db]);
  return settled({ ...plain, secrets: { password: { name: 'db_password', version: 3 } } });
}

/** The table for containers as nft reads it. */
const tableOf = (manifest: Manifest): string => {
  const firewall = find(manifest, 'firewall', 'inet/ballast');
  return firewall ? tableText(firewall) : '';
};

const find = <K extends Resource['kind']>(manifest: Manifest, kind: K, part: string) =>
  manifest.resources.find(
    (one): one is Extract<Resource, { kind: K }> => one.kind === kind && one.id.includes(part),
  );

describe('a manifest', () => {
  it('names each resource once and waits only for what it holds', () => {
    for (const machine of ['app-1', 'app-2']) {
      const { resources } = compiled(machine, shop());
      const ids = resources.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(resources.flatMap(({ after }) => after).filter((id) => !ids.includes(id))).toEqual([]);
    }
  });

  it('is the same whatever order its input is in', () => {
    const world = shop();
    const reversed = <T extends object>(value: T): T =>
      Object.fromEntries(Object.entries(value).reverse()) as T;
    const plan: Plan = { ...world.plan, replicas: reversed(world.plan.replicas) };
    const policy: Policy = { ...world.policy, machines: reversed(world.policy.machines) };
    const again = compileManifest({ policy, plan, machine: 'app-1', fixtures });
    expect(again).toEqual(compiled('app-1', world));
  });

  it('holds the containers of its machine only', () => {
    const names = ['app-1', 'app-2'].map((machine) =>
      compiled(machine, shop()).resources.flatMap((one) => (one.kind === 'container' ? [one.name] : [])),
    );
    expect(names).toEqual([['shop-db-1-r1', 'shop-web-2-r1'], ['shop-web-1-r1']]);
  });

  it('gives every name to every machine', () => {
    for (const machine of ['app-1', 'app-2']) {
      const names = find(compiled(machine, shop()), 'file', 'dns/hosts/shop')?.content ?? '';
      expect(names).toMatch(/^10\.91\.1\.\d+ db-1\.shop\.internal db-1\.shop$/m);
      expect(names).toMatch(/^10\.92\.\d+\.\d+ web\.shop\.internal web\.shop$/m);
      expect(names.match(/ web-\d\.shop\.internal /g)).toHaveLength(2);
    }
  });

  it('sends a published port to all serving replicas, from every machine', () => {
    for (const machine of ['app-1', 'app-2']) {
      const rules = tableOf(compiled(machine, shop()));
      expect(rules).toMatch(
        /chain port-shop\/web-80-tcp \{\s+meta l4proto tcp dnat ip to numgen inc mod 2 map \{ 0 : 10\.91\.1\.\d+ \. 8080, 1 : 10\.91\.2\.\d+ \. 8080 \}/,
      );
      expect(rules).toContain('tcp . 80 : goto port-shop/web-80-tcp');
    }
  });

  it('lets published connections in that another machine took', () => {
    const rules = tableOf(compiled('app-2', shop()));
    expect(rules).toMatch(/map inbound \{[^}]*10\.91\.2\.\d+ : goto in-shop\/web/);
    expect(rules).toMatch(
      /set machines \{[^}]*elements = \{ 10\.90\.0\.1, 10\.90\.0\.2, 10\.91\.1\.1, 10\.91\.2\.1 \}/,
    );
    expect(rules).toContain('ip saddr @machines tcp dport 8080 counter accept comment "port 80/tcp"');
  });

  it('takes draining and starting replicas out of names and ports', () => {
    const world = shop();
    const plan: Plan = {
      ...world.plan,
      replicas: Object.fromEntries(
        Object.entries(world.plan.replicas).map(([id, one]) => [
          id,
          id === 'shop-web-1-r1' ? { ...one, phase: 'draining' as const } : one,
        ]),
      ),
    };
    const manifest = compileManifest({ policy: world.policy, plan, machine: 'app-1', fixtures });
    expect(tableOf(manifest)).toMatch(/tcp dnat ip to 10\.91\.1\.\d+:8080/);
    const names = find(manifest, 'file', 'dns/hosts/shop')?.content;
    expect(names?.match(/ web-\d\.shop\.internal /g)).toHaveLength(1);
  });

  it('names a secret and its version, and mounts it as a file of its own', () => {
    const manifest = compiled('app-1', shop());
    const secret = manifest.resources.find((one) => one.kind === 'file' && one.secret !== undefined);
    expect(secret).toMatchObject({ secret: 'db_password@3', mode: 0o444, owner: '0', group: '0' });
    const db = find(manifest, 'container', 'shop-db');
    expect(db?.quadlet).toContain(`:/run/secrets/password:ro`);
    expect(db?.after).toContain(secret?.id);
  });

  it('reads as a Quadlet file', () => {
    expect(find(compiled('app-2', shop()), 'container', 'shop-web')?.quadlet).toMatchInlineSnapshot(`
      "# Written by Ballast: shop release 1. Changes here are undone.
      [Unit]
      Description=shop web 1 (release 1)
      Wants=network-online.target ballast-network.service ballast-dns.service
      After=network-online.target ballast-network.service ballast-dns.service
      StartLimitIntervalSec=0

      [Container]
      ContainerName=shop-web-1-r1
      Image=registry.internal:5000/web@sha256:0000000000000000000000000000000000000000000000000000000000000000
      Pull=never
      StopTimeout=10
      Environment="A=x y"
      Network=ballast
      IP=10.91.2.11
      HostName=shop-web-1
      DNS=10.91.2.1
      DNSSearch=shop.internal
      PodmanArgs=--mac-address=02:00:0a:5b:02:0b
      PodmanArgs=--cgroupns=private
      PodmanArgs=--pids-limit=-1
      LogDriver=journald
      Label=ballast.app=shop
      Label=ballast.service=web
      Label=ballast.slot=1
      Label=ballast.release=1

      [Service]
      Restart=always
      RestartSec=1s
      TimeoutStartSec=300
      TimeoutStopSec=30s
      Environment=PODMAN_IGNORE_CGROUPSV1_WARNING=1

      [Install]
      WantedBy=multi-user.target
      "
    `);
  });
});

it('keeps containers of internal networks from reaching outside', () => {
  const world = settled(
    release('shop', 1, [service('db')], {
      networks: { default: { name: 'shop_default', internal: true, external: false, labels: {} } },
    }),
  );
  expect(tableOf(compiled('app-1', world))).toMatch(/set shut_in \{[^}]*elements = \{ 10\.91\.1\.\d+ \}/);
});

it('gives apps and services with long and unusual names a host name and a domain that are valid', () => {
  const long = 'a'.repeat(60);
  const world = settled(release('my_app', 1, [service(long)]));
  const quadlet = find(compiled('app-1', world), 'container', 'my_app')?.quadlet ?? '';
  expect(/^HostName=(.*)$/m.exec(quadlet)?.[1]).toMatch(/^my_app-a{43}-[0-9a-f]{12}$/);
  expect(quadlet).toContain('DNSSearch=my-app.internal');
  expect(find(compiled('app-1', world), 'file', 'dns/hosts/my_app')?.content).toContain(
    `${long}.my-app.internal`,
  );
});
