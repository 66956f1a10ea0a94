import { lstat, readlink } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { TimezoneResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { writeAtomic } from './atomic.ts';
import type { Facility } from './facility.ts';
import { link } from './originals.ts';

const localtime = '/etc/localtime';
const names = '/etc/timezone';
const zones = '/usr/share/zoneinfo';

export function createTimezones(): Facility<TimezoneResource> {
  return {
    async observe(resources) {
      const zone = await zoneNow();
      return new Map(resources.map(({ id }): [string, Observed] => [id, { fields: { zone } }]));
    },
    async apply({ action, resource, before }) {
      const zone = action === 'delete' ? before?.['zone'] : resource.zone;
      if (zone !== undefined) await setZone(String(zone));
      return undefined;
    },
  };
}

/** A machine without the link counts in UTC. */
async function zoneNow(): Promise<string> {
  const target = await readlink(localtime).catch(() => null);
  if (target === null) return (await lstat(localtime).catch(() => null)) === null ? 'UTC' : 'unknown';
  return /zoneinfo\/(.+)$/.exec(target)?.[1] ?? 'unknown';
}

async function setZone(zone: string): Promise<void> {
  // It had a copy of some zone's file, of which nobody knows which.
  if (zone === 'unknown') return;
  if ((await lstat(`${zones}/${zone}`).catch(() => null)) === null) {
    throw new BallastError('not-found', `the machine knows no time zone ${zone}`, {
      why: `${zones}/${zone} is not there`,
      fix: 'check its spelling; rarely used ones are in the package tzdata-legacy',
    });
  }
  await link(localtime, `${zones}/${zone}`);
  // Newer systems do without this file: it is kept true where it is, and made nowhere.
  if ((await lstat(names).catch(() => null))?.isFile())
    await writeAtomic(names, `${zone}\n`, { mode: 0o644 });
}
