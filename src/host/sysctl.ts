import { readFile, writeFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { SysctlResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { codeOf } from './atomic.ts';
import type { Facility } from './facility.ts';

/** Kernel settings, read and written where the kernel shows them: no process is started. */
export function createSysctls(): Facility<SysctlResource> {
  return {
    async observe(resources) {
      const seen = new Map<string, Observed>();
      for (const { id, key, value } of resources) {
        const found = await readFile(settingPath(key), 'utf8').catch(() => null);
        if (found === null) continue;
        // The kernel separates with tabs what people write with spaces.
        seen.set(id, { fields: { value: plain(found) === plain(value) ? value : plain(found) } });
      }
      return seen;
    },
    async apply({ action, resource: { key, value }, before }) {
      const wanted = action === 'delete' ? before?.['value'] : value;
      if (wanted === undefined) return undefined;
      try {
        await writeFile(settingPath(key), `${wanted}\n`);
      } catch (cause) {
        if (codeOf(cause) === 'ENOENT') {
          if (action === 'delete') return undefined;
          throw new BallastError('not-supported', `this machine's kernel has no setting ${key}`, {
            fix: 'check its spelling, or load the kernel module it belongs to',
            cause,
          });
        }
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new BallastError('command-failed', `${key} could not be set to ${wanted}`, { why, cause });
      }
      return undefined;
    },
  };
}

/** `net.ipv4.ip_forward`, or with slashes where a name in it holds a dot. */
export const settingPath = (key: string): string =>
  `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`;

const plain = (text: string): string => text.trim().replace(/\s+/g, ' ');
