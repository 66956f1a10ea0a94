import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { run } from '#host/exec.ts';
import type { NetworkLab } from './lab.ts';

/**
 * Leads connections on a machine to ever other replicas, so many times, while its agent is stopped. Answers with the time
 * that a change takes, in ms.
 */
export async function swapBackends(
  { fleet, on }: NetworkLab,
  { machine, addresses, times }: { machine: string; addresses: readonly string[]; times: number },
  signal: AbortSignal,
): Promise<number> {
  const enter = await fleet.provider.inside(machine, signal);
  const target = must(
    enter.find((word) => word.startsWith('--target=')),
    'first process of the machine',
  );
  // Its own nft: this computer's may be another, with other words for the same things.
  const tools = join(fleet.options.home, 'tools');
  await mkdir(tools, { recursive: true });
  const nft = `#!/bin/sh\nexec nsenter ${target} --mount -- /usr/sbin/nft "$@"\n`;
  await writeFile(join(tools, 'nft'), nft, { mode: 0o755 });
  const manifest = join(fleet.options.home, 'manifest.json');
  await writeFile(manifest, await on(machine, 'cat /var/lib/ballast/manifest.json'));
  await on(machine, 'systemctl stop ballast-agent');
  try {
    const inNetwork = ['nsenter', target, '--net', '--'];
    const env = { PATH: `${tools}:${process.env['PATH']}` };
    const program = [
      process.execPath,
      join(import.meta.dirname, '..', 'network-swaps.ts'),
      manifest,
      `${times}`,
    ];
    return Number(await run([...inNetwork, ...program, ...addresses], { signal, env, timeoutMs: 600_000 }));
  } finally {
    await on(machine, 'systemctl start ballast-agent');
  }
}
