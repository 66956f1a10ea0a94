import { lstat } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { SwapResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { codeOf, noSpace, removeFile } from './atomic.ts';
import { isContainer } from './container-host.ts';
import { exec, run, tail } from './exec.ts';
import type { Facility } from './facility.ts';

const makeTimeoutMs = 10 * 60_000;

/** Files to swap to. Whether they are used is a unit's part. */
export function createSwaps(): Facility<SwapResource> {
  return {
    async observe(resources) {
      const seen = new Map<string, Observed>();
      for (const { id, path } of resources) {
        const stat = await lstat(path).catch(() => null);
        if (stat) seen.set(id, { fields: { sizeBytes: stat.isFile() ? stat.size : 0 } });
      }
      return seen;
    },
    async apply({ action, resource, before }) {
      if (action !== 'delete') await make(resource, before !== null);
      else if (before === null) {
        await exec(['swapoff', resource.path]);
        await removeFile(resource.path);
      }
      return undefined;
    },
  };
}

async function make({ path, sizeBytes }: SwapResource, exists: boolean): Promise<void> {
  if (await isContainer()) {
    throw new BallastError('not-supported', 'a container has no swap of its own', {
      why: 'this machine has the memory of the computer it runs on',
      fix: 'give that computer swap, and take `swap` out of the baseline of these machines',
    });
  }
  // One in use cannot change its size. That it was in use nobody needs to know.
  if (exists) await exec(['swapoff', path]);
  const beside = `${path}.ballast`;
  try {
    await run(['dd', 'if=/dev/zero', `of=${beside}`, 'bs=64k', `count=${sizeBytes}B`], {
      timeoutMs: makeTimeoutMs,
    });
    await run(['chmod', '0600', beside]);
    await run(['mkswap', beside]);
    await run(['mv', beside, path]);
  } catch (cause) {
    await removeFile(beside);
    const lines = cause instanceof BallastError ? (cause.detail.log ?? []) : [];
    if (codeOf(cause) === 'ENOSPC' || /No space left/.test(lines.join('\n')))
      throw await noSpace(path, cause);
    throw new BallastError('command-failed', `the swap file ${path} could not be made`, {
      log: tail(lines.join('\n')),
      cause,
    });
  }
}
