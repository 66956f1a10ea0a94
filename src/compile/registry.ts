import type { RegistryFixture } from './fixtures.ts';
import type { FileResource, Resource } from './manifest.ts';
import { type Body, file, runningUnit } from './resources.ts';

/** How releases and machines call the fleet's registry, whatever its address is. */
export const registryName = (port: number): string => `registry.internal:${port}`;

/** Where pushes go: the writable process listens beside the read-only one. */
export const registryPushPort = (port: number): number => port + 1;

const folder = '/etc/ballast/registry';
const store = '/var/lib/docker-registry';
const packageId = 'package:docker-registry';
const folderId = `directory:${folder}`;
const origin = 'registry';

interface Door {
  readonly name: 'pull' | 'push';
  readonly port: number;
  readonly htpasswdSecret: string;
}

/**
 * What the registry's machine holds: Debian's docker-registry, run twice over one store. Distribution's htpasswd
 * gives every account every right, so the accounts are kept apart by process: the one for machines is read-only,
 * in its configuration and by its unit's sandbox, and the one for pushes knows only the push account.
 */
export function registryResources(fixture: RegistryFixture): Resource[] {
  const doors: readonly Door[] = [
    {
      name: 'pull',
      port: fixture.port,
      htpasswdSecret: fixture.pullHtpasswdSecret ?? fixture.htpasswdSecret,
    },
    { name: 'push', port: registryPushPort(fixture.port), htpasswdSecret: fixture.htpasswdSecret },
  ];
  const tls: FileResource[] = [
    readable('tls.crt', { content: fixture.certificate }),
    readable('tls.key', { secret: fixture.keySecret }),
  ];
  return [
    { kind: 'package', id: packageId, name: 'docker-registry', after: [], origin },
    // The package starts its own unit on the port of ours, with an empty account file.
    {
      ...runningUnit(origin, 'docker-registry.service', [], { after: [packageId] }),
      enabled: false,
      active: false,
    },
    {
      kind: 'directory',
      id: folderId,
      path: folder,
      mode: 0o750,
      owner: 'root',
      group: 'docker-registry',
      after: [packageId],
      origin,
    },
    ...tls,
    ...doors.flatMap((door) => doorResources(door, tls)),
  ];
}

/**
 * What every machine holds to pull from the registry: where `registry.internal` is, whom to trust there, and the
 * pull account in `/etc/ballast/registry-auth.json`, for `podman pull --authfile`. The name is mapped to the
 * address by podman's own configuration, so pulls need no DNS and no line in /etc/hosts.
 */
export function registryClientResources(
  fixture: RegistryFixture,
  context: { readonly address: string; readonly ca: string },
): Resource[] {
  const location = `${context.address}:${fixture.port}`;
  const mapping = `[[registry]]\nprefix = "${registryName(fixture.port)}"\nlocation = "${location}"\n`;
  return [
    file(origin, '/etc/containers/registries.conf.d/50-ballast.conf', { content: mapping }),
    // podman looks certificates and accounts up by the location, not by the name that was asked for.
    file(origin, `/etc/containers/certs.d/${location}/ca.crt`, { content: context.ca }),
    { ...file(origin, '/etc/ballast/registry-auth.json', { secret: fixture.pullAuthSecret }), mode: 0o600 },
  ];
}

function doorResources(door: Door, tls: readonly FileResource[]): Resource[] {
  const configuration = readable(`${door.name}.yml`, { content: configurationText(door) });
  const accounts = readable(`${door.name}.htpasswd`, { secret: door.htpasswdSecret });
  const name = `ballast-registry-${door.name}.service`;
  const unitFile = file(origin, `/etc/systemd/system/${name}`, { content: unitText(door) });
  const parts = [...tls, configuration, accounts, unitFile];
  const unit = runningUnit(origin, name, parts, { after: ['unit:docker-registry.service'] });
  return [configuration, accounts, unitFile, unit];
}

function configurationText({ name, port }: Door): string {
  const push = name === 'push';
  return `version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: ${store}
  delete:
    enabled: ${push}
  maintenance:
    readonly:
      enabled: ${!push}
http:
  addr: :${port}
  tls:
    certificate: ${folder}/tls.crt
    key: ${folder}/tls.key
    minimumtls: tls1.2
  headers:
    X-Content-Type-Options: [nosniff]
auth:
  htpasswd:
    realm: Ballast registry, ${name}
    path: ${folder}/${name}.htpasswd
`;
}

function unitText({ name }: Door): string {
  const writable = name === 'push' ? `ReadWritePaths=${store}\n` : '';
  return `[Unit]
Description=Ballast image registry, ${name}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
User=docker-registry
Group=docker-registry
ExecStart=/usr/bin/docker-registry serve ${folder}/${name}.yml
Restart=always
RestartSec=1
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
${writable}
[Install]
WantedBy=multi-user.target
`;
}

/** A file that root writes and the registry reads. */
const readable = (name: string, body: Body): FileResource =>
  file(origin, `${folder}/${name}`, body, { mode: 0o640, group: 'docker-registry', after: [folderId] });
