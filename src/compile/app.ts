import { must } from '#base/assert.ts';
import { digestOf } from '#base/digest.ts';
import { showOrigin } from '#base/result.ts';
import type { Policy, Release } from '#plan/model.ts';
import type { GrantModel } from '#spec/model.ts';
import { containerText, type GrantedFile } from './container.ts';
import { healthPlan } from './container-health.ts';
import { dnsUnit } from './dns.ts';
import { firewallId } from './firewall.ts';
import type { ContainerResource, FileResource, Resource } from './manifest.ts';
import { networkUnit, podmanNetwork } from './network.ts';
import { directory, file } from './resources.ts';
import type { Placed } from './view.ts';

const folder = '/var/lib/ballast/files';

/** Images, volumes, granted files and containers of the replicas that one machine is to run. */
export function appResources(policy: Policy, machine: string, placed: readonly Placed[]): Resource[] {
  const here = placed.filter(({ replica }) => replica.machine === machine);
  const shared = here.flatMap((one) => [
    imageOf(one),
    ...volumesOf(one),
    ...filesOf(one).map(({ resource }) => resource),
  ]);
  // Replicas of one service share their image, volumes and files.
  const unique = new Map(shared.map((resource) => [resource.id, resource]));
  if (here.length === 0) return [];
  return [
    directory('apps', '/var/lib/ballast', { mode: 0o700 }),
    directory('apps', folder, { mode: 0o700, after: ['directory:/var/lib/ballast'] }),
    ...unique.values(),
    ...here.map((one) => containerOf(policy, one)),
  ];
}

function originOf({ release, service }: Placed, part = ''): string {
  const at =
    release.origins[`services.${service.name}${part}`] ?? release.origins[`services.${service.name}`];
  return at ? showOrigin(at) : `${release.app} release ${release.number}`;
}

function imageOf(placed: Placed): Resource {
  const reference = must(placed.service.image, `image of ${placed.service.name}`);
  return {
    kind: 'image',
    id: `image:${reference}`,
    reference,
    after: ['file:/etc/ballast/registry-auth.json', 'package:podman'],
    origin: originOf(placed, '.image'),
  };
}

function volumesOf(placed: Placed): Resource[] {
  return placed.service.mounts.flatMap((mount) => {
    if (mount.kind !== 'volume') return [];
    const volume = must(placed.release.model.volumes[mount.volume], `volume ${mount.volume}`);
    return [
      {
        kind: 'volume' as const,
        id: `volume:${volume.name}`,
        name: volume.name,
        driver: volume.driver,
        options: volume.driverOpts,
        ...(volume.external ? { external: true } : {}),
        labels: { ...volume.labels, 'ballast.app': placed.release.app, 'ballast.volume': mount.volume },
        after: ['package:podman'],
        origin: originOf(placed, '.volumes'),
      },
    ];
  });
}

/**
 * Secrets and configs as files of their own. The name holds the version or the content's digest: a changed one is
 * another file, so a running container keeps what it started with.
 */
function filesOf(placed: Placed): readonly (GrantedFile & { readonly resource: FileResource })[] {
  const { release, service } = placed;
  return [
    ...service.secrets.map((grant) => granted(placed, grant, secretBody(release, grant))),
    ...service.configs.map((grant) => granted(placed, grant, configBody(release, grant))),
  ];
}

interface GrantBody {
  readonly version: string;
  readonly body: { readonly content: string } | { readonly secret: string };
}

function secretBody(release: Release, grant: GrantModel): GrantBody {
  const { name, version } = must(release.secrets[grant.source], `secret ${grant.source} of ${release.app}`);
  return { version: `${name}@${version}`, body: { secret: `${name}@${version}` } };
}

function configBody(release: Release, grant: GrantModel): GrantBody {
  const { content } = must(release.model.configs[grant.source], `config ${grant.source} of ${release.app}`);
  return { version: `${grant.source}-${digestOf(content)}`, body: { content } };
}

function granted(placed: Placed, grant: GrantModel, { version, body }: GrantBody) {
  const { app } = placed.release;
  const mode = grant.mode.toString(8).padStart(4, '0');
  const path = `${folder}/${app}-${version}-${mode}-${grant.uid}-${grant.gid}`;
  const resource = file(originOf(placed), path, body, {
    mode: grant.mode,
    owner: String(grant.uid),
    group: String(grant.gid),
    after: [`directory:${folder}`],
  });
  return { grant, path, resource };
}

function containerOf(policy: Policy, placed: Placed): ContainerResource {
  const { replica, service } = placed;
  const files = filesOf(placed);
  const needs = [imageOf(placed), ...volumesOf(placed), ...files.map(({ resource }) => resource)];
  return {
    kind: 'container',
    id: `container:${replica.id}`,
    name: replica.id,
    app: replica.app,
    service: replica.service,
    quadlet: containerText({ policy, placed, files }),
    address: replica.address,
    health: healthPlan(service, replica.address),
    stopGraceMs: service.stopGraceMs,
    job: service.deploy.mode.endsWith('-job'),
    after: [
      ...needs.map(({ id }) => id),
      ...(replica.beside === undefined ? [] : [`container:${replica.beside}`]),
      `unit:${networkUnit}`,
      `unit:${dnsUnit}`,
      // Its door is open before it can be healthy.
      firewallId,
      `file:/etc/containers/networks/${podmanNetwork}.json`,
    ],
    origin: originOf(placed),
  };
}
