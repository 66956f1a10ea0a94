import type { Resource } from '#compile/manifest.ts';
import type { Asked } from './asked.ts';
import { settingsFile } from './files.ts';

/** Settings and modules of the kernel: now, and by files for the next boot. */
export function kernelResources(asked: Asked): Resource[] {
  return [...moduleResources(asked), ...sysctlResources(asked)];
}

function moduleResources({ host, origin }: Asked): Resource[] {
  const modules = Object.entries(host.modules);
  if (modules.length === 0) return [];
  const options = modules.filter((one) => one[1].options !== '');
  const atBoot = settingsFile(
    origin('modules'),
    '/etc/modules-load.d/ballast.conf',
    modules.map(([name]) => `${name}\n`).join(''),
  );
  const withWhat = settingsFile(
    origin('modules'),
    '/etc/modprobe.d/ballast.conf',
    options.map(([name, one]) => `options ${name} ${one.options}\n`).join(''),
  );
  const files = options.length === 0 ? [atBoot] : [atBoot, withWhat];
  return [
    ...files,
    ...modules.map(
      ([name]): Resource => ({
        kind: 'module',
        id: `module:${name}`,
        name,
        after: files.slice(1).map(({ id }) => id),
        origin: origin('modules', name),
      }),
    ),
  ];
}

function sysctlResources({ host, origin }: Asked): Resource[] {
  const settings = Object.entries(host.sysctl);
  if (settings.length === 0) return [];
  const modules = Object.keys(host.modules).map((name) => `module:${name}`);
  return [
    settingsFile(
      origin('sysctl'),
      '/etc/sysctl.d/99-ballast.conf',
      settings.map(([key, value]) => `${key} = ${value}\n`).join(''),
    ),
    ...settings.map(
      ([key, value]): Resource => ({
        kind: 'sysctl',
        id: `sysctl:${key}`,
        key,
        value,
        after: modules,
        origin: origin('sysctl', key),
        ...(key.startsWith('net.') ? { confirm: true } : {}),
      }),
    ),
  ];
}
