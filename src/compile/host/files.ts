import { dirname } from '#base/path.ts';
import type { DirectoryResource, FileResource, Resource } from '#compile/manifest.ts';
import { file } from '#compile/resources.ts';
import type { HostFileModel } from '#spec/host-model.ts';
import { fillTemplate } from '#spec/template.ts';
import { groupId, userId } from './accounts.ts';
import type { Asked } from './asked.ts';
import { packageIds } from './packages.ts';

export const directoryId = (path: string): string => `directory:${path}`;

export function directoryResources(asked: Asked): DirectoryResource[] {
  const { host, origin } = asked;
  return Object.entries(host.directories).map(([path, look]) => ({
    kind: 'directory',
    id: directoryId(path),
    path,
    ...look,
    after: [...above(path, asked), ...accountsOf(look, asked)],
    origin: origin('directories', path),
  }));
}

export function fileResources(asked: Asked): FileResource[] {
  const { host, origin } = asked;
  return Object.entries(host.files).map(([path, model]) => {
    const units = toTell(model, asked);
    return {
      ...file(origin('files', path), path, bodyOf(model, asked), {
        mode: model.mode,
        owner: model.owner,
        group: model.group,
        after: [
          ...above(path, asked),
          ...accountsOf(model, asked),
          ...(units.length > 0 ? packageIds(asked) : []),
          ...(guardOf(path)?.after ?? []),
        ],
      }),
      ...(units.length > 0 ? { afterwards: units } : {}),
      ...guardOf(path)?.look,
    };
  });
}

function bodyOf(model: HostFileModel, asked: Asked): { content: string } | { secret: string } {
  if (model.secret !== undefined) return { secret: asked.secret(model.secret) };
  const content = model.content ?? '';
  return { content: model.template ? fillTemplate(content, asked.facts) : content };
}

/** Commands that tell the units which read the file. Declared units learn it by their stamp, in the right order. */
function toTell({ restart, reload }: HostFileModel, { host }: Asked): readonly (readonly string[])[] {
  const told = (units: readonly string[], how: string): readonly (readonly string[])[] => {
    const others = units.filter((unit) => !(unit in host.units));
    return others.length === 0 ? [] : [['systemctl', how, ...others]];
  };
  return [...told(restart, 'try-restart'), ...told(reload, 'try-reload-or-restart')];
}

/** Directories on the way to a path that are declared, too. */
export function above(path: string, { host }: Asked): readonly string[] {
  const found: string[] = [];
  for (let at = dirname(path); at !== '/' && at !== '.'; at = dirname(at)) {
    if (at in host.directories) found.push(directoryId(at));
  }
  return found;
}

/** What has to be there so that its owner is: the account if it is declared, else a package may make it. */
function accountsOf(
  { owner, group }: { readonly owner: string; readonly group: string },
  asked: Asked,
): readonly string[] {
  const { host } = asked;
  const ids = [
    ...(owner in host.users ? [userId(owner)] : []),
    ...(group in host.groups ? [groupId(group)] : group in host.users ? [userId(group)] : []),
  ];
  const strange = [owner, group].some(
    (name) => name !== 'root' && !(name in host.users) && !(name in host.groups),
  );
  return strange ? [...ids, ...packageIds(asked)] : [...new Set(ids)];
}

interface Guard {
  readonly look: Pick<FileResource, 'check' | 'confirm' | 'afterwards'>;
  readonly after: readonly string[];
}

const reloadSsh = ['systemctl', 'try-reload-or-restart', 'ssh.service'];

/** How files that could lock everyone out are put in place. */
export function guardOf(path: string): Guard | undefined {
  if (path === '/etc/sudoers' || path.startsWith('/etc/sudoers.d/')) {
    return { look: { check: ['visudo', '-c', '-f', '{}'], confirm: true }, after: ['package:sudo'] };
  }
  if (path === '/etc/ssh/sshd_config' || path.startsWith('/etc/ssh/sshd_config.d/')) {
    return {
      look: { check: ['sshd', '-t', '-f', '{}'], confirm: true, afterwards: [reloadSsh] },
      after: ['package:openssh-server'],
    };
  }
  if (path === '/etc/nftables.conf') {
    return {
      look: { check: ['nft', '--check', '--file', '{}'], confirm: true },
      after: ['package:nftables'],
    };
  }
  return leadsAway.test(path) ? { look: { confirm: true }, after: [] } : undefined;
}

/** Files by which a machine finds others, or lets them in. */
const leadsAway =
  /^\/etc\/(?:(?:systemd\/(?:network|resolved|networkd)|network|netplan|NetworkManager|nftables|iptables|ufw|wireguard|ssh|pam\.d|security)[./d]|(?:hosts|resolv\.conf|nsswitch\.conf)$)/;

/** A file of Ballast's own that comes from settings; guarded like any other. */
export function settingsFile(
  origin: string,
  path: string,
  content: string,
  extra: Parameters<typeof file>[3] & Pick<Partial<FileResource>, 'afterwards'> = {},
): FileResource {
  const guard = guardOf(path);
  const { afterwards, ...look } = extra;
  return {
    ...file(origin, path, { content }, { ...look, after: [...(look.after ?? []), ...(guard?.after ?? [])] }),
    ...(afterwards ? { afterwards } : {}),
    ...guard?.look,
  };
}

/** Packages that guarded files need. */
export const guardPackages = (resources: readonly Resource[]): readonly string[] => [
  ...new Set(
    resources.flatMap(({ after }) => after).filter((id) => /^package:(sudo|openssh-server)$/.test(id)),
  ),
];
