import { digestOf } from '#base/digest.ts';
import type { FileResource, Resource, UnitResource } from '#compile/manifest.ts';
import type { HostMountModel, HostUnitModel } from '#spec/host-model.ts';
import { fillTemplate } from '#spec/template.ts';
import { userId } from './accounts.ts';
import type { Asked } from './asked.ts';
import { above, guardOf, settingsFile } from './files.ts';
import { packageIds } from './packages.ts';
import { unitNameOf } from './unit-name.ts';

const folder = '/etc/systemd/system';
/** When the file is gone, systemd has to know; while it is there, whoever starts the unit sees to that. */
const afterwards = [['systemctl', 'daemon-reload']] as const;

export function unitResources(asked: Asked): Resource[] {
  return Object.entries(asked.host.units).flatMap(([name, model]) => oneUnit(name, model, asked));
}

function oneUnit(name: string, model: HostUnitModel, asked: Asked): Resource[] {
  const origin = asked.origin('units', name);
  const text = (content: string): string => (model.template ? fillTemplate(content, asked.facts) : content);
  const parts = [
    ...(model.content === undefined
      ? []
      : [settingsFile(origin, `${folder}/${name}`, text(model.content), { afterwards })]),
    ...(model.dropIn === undefined
      ? []
      : [settingsFile(origin, `${folder}/${name}.d/50-ballast.conf`, text(model.dropIn), { afterwards })]),
  ];
  // What a timer starts is neither on nor off: there is only its file.
  if (model.content !== undefined && !model.enabled && model.active === 'any') return parts;
  const read = filesRead(name, model, asked);
  const unit: UnitResource = {
    kind: 'unit',
    id: `unit:${name}`,
    name,
    enabled: model.enabled && !model.masked,
    active: model.masked ? false : model.active,
    ...(model.masked ? { masked: true } : {}),
    stamp: digestOf([...parts.map(({ path, content }) => [path, content]), ...read.stamps]),
    reload: parts.length === 0 && read.reload,
    after: [
      ...parts.map(({ id }) => id),
      ...read.ids,
      ...packageIds(asked),
      ...Object.keys(asked.host.users).map(userId),
      // A timer is told of the service it starts, and a service of the socket that it takes over.
      ...siblings(name, asked),
    ],
    origin,
    ...(leadsAway(name, model, asked) ? { confirm: true } : {}),
  };
  return [...parts, unit];
}

/** Whether a unit is about the way to the machine: by what it is, what it runs, or a file that it reads. */
function leadsAway(name: string, { content = '', dropIn = '' }: HostUnitModel, { host }: Asked): boolean {
  const words =
    /\b(?:nft|nftables|iptables|ip6tables|netfilter|ufw|firewalld|wg|wireguard|tc|ifup|ifconfig|networking|NetworkManager|networkd|resolved|netplan|ssh|sshd|sysctl|(?:s?bin\/)?ip (?:-\S+ )*(?:link|route|rule|addr|address))\b/;
  const reads = Object.entries(host.files).some(
    ([path, file]) =>
      [...file.restart, ...file.reload].includes(name) && guardOf(path)?.look.confirm === true,
  );
  return reads || words.test(`${name}\n${content}\n${dropIn}`);
}

/** Files that name this unit as their reader, and files and directories that its own file speaks of. */
function filesRead(
  name: string,
  { content = '', dropIn = '' }: HostUnitModel,
  asked: Asked,
): { readonly ids: readonly string[]; readonly stamps: readonly unknown[]; readonly reload: boolean } {
  const { files, directories } = asked.host;
  const readers = Object.entries(files).filter(([, file]) =>
    [...file.restart, ...file.reload].includes(name),
  );
  const spoken = [
    ...Object.keys(files).map((path) => `file:${path}`),
    ...Object.keys(directories).map((path) => `directory:${path}`),
  ].filter((id) => `${content}${dropIn}`.includes(id.slice(id.indexOf(':') + 1)));
  return {
    ids: [...new Set([...readers.map(([path]) => `file:${path}`), ...spoken])],
    stamps: readers.map(([path, file]) => [
      path,
      file.secret === undefined
        ? file.template
          ? fillTemplate(file.content ?? '', asked.facts)
          : file.content
        : asked.secret(file.secret),
    ]),
    reload: readers.length > 0 && readers.every(([, file]) => !file.restart.includes(name)),
  };
}

function siblings(name: string, { host }: Asked): readonly string[] {
  const base = name.replace(/\.(timer|socket|path)$/, '');
  const service = `${base}.service`;
  return base === name || host.units[service]?.content === undefined ? [] : [`file:${folder}/${service}`];
}

export function mountResources(asked: Asked): Resource[] {
  return Object.entries(asked.host.mounts).flatMap(([path, mount]) => {
    const origin = asked.origin('mounts', path);
    const name = `${unitNameOf(path)}.mount`;
    const unitFile = settingsFile(origin, `${folder}/${name}`, mountText(path, mount), { afterwards });
    return [unitFile, bootUnit(origin, name, unitFile, [...above(path, asked), ...packageIds(asked)])];
  });
}

export function swapResources({ host: { swap }, origin: originOf }: Asked): Resource[] {
  if (swap === undefined) return [];
  const { path, sizeBytes, priority } = swap;
  const origin = originOf('swap');
  const name = `${unitNameOf(path)}.swap`;
  const text = `[Unit]\nDescription=Swap file of this machine\n\n[Swap]\nWhat=${path}\n${priority === undefined ? '' : `Priority=${priority}\n`}\n[Install]\nWantedBy=swap.target\n`;
  const unitFile = settingsFile(origin, `${folder}/${name}`, text, { afterwards });
  const id = `swap:${path}`;
  return [
    { kind: 'swap', id, path, sizeBytes, after: [], origin },
    unitFile,
    bootUnit(origin, name, unitFile, [id], [sizeBytes]),
  ];
}

function bootUnit(
  origin: string,
  name: string,
  unitFile: FileResource,
  after: readonly string[],
  more: readonly unknown[] = [],
): UnitResource {
  return {
    kind: 'unit',
    id: `unit:${name}`,
    name,
    enabled: true,
    active: true,
    stamp: digestOf([unitFile.content, ...more]),
    reload: false,
    after: [unitFile.id, ...after],
    origin,
  };
}

/** Percent signs mean something in unit files. */
const literal = (text: string): string => text.replaceAll('%', '%%');

const mountText = (path: string, { what, type, options }: HostMountModel): string => `[Unit]
Description=File system at ${literal(path)}

[Mount]
What=${literal(what)}
Where=${literal(path)}
Type=${type}
Options=${literal(options.length === 0 ? 'defaults' : options.join(','))}

[Install]
WantedBy=local-fs.target
`;
