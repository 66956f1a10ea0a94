import type { PackageResource } from '#compile/manifest.ts';
import type { Asked } from './asked.ts';

export function packageResources({ host, origin }: Asked): PackageResource[] {
  return Object.entries(host.packages).map(([name, { version, hold, absent }]) => ({
    kind: 'package',
    id: `package:${name}`,
    name,
    ...(version === undefined ? {} : { version }),
    ...(hold ? { hold } : {}),
    ...(absent ? { absent } : {}),
    after: [],
    origin: origin('packages', name),
  }));
}

/** All that are to be there: what may come from any of them comes after them. */
export const packageIds = ({ host }: Asked): readonly string[] =>
  Object.entries(host.packages)
    .filter(([, { absent }]) => !absent)
    .map(([name]) => `package:${name}`);
