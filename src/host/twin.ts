import { exec } from './exec.ts';
import { unitOf } from './quadlet.ts';

/**
 * Takes away what somebody else started under a replica's name. Podman would do that too when the replica starts, but
 * with a grace period of the other's own choice. What has mounts may have to write something down and gets the
 * replica's; what has none keeps nothing beyond its end, and is ended at once.
 */
export async function removeTwin(name: string, stopGraceMs: number): Promise<void> {
  const format = '{{index .Config.Labels "PODMAN_SYSTEMD_UNIT"}} {{len .Mounts}}';
  const argv = ['podman', 'container', 'inspect', '--format', format, name];
  const { code, stdout } = await exec(argv, { timeoutMs: 20_000 });
  const [unit = '', mounts = ''] = stdout.trim().split(' ').slice(-2);
  if (code !== 0 || unit === unitOf(name)) return;
  const graceS = mounts === '0' ? 0 : Math.ceil(stopGraceMs / 1_000);
  const remove = ['podman', 'rm', '--force', '--ignore', '--time', String(graceS), name];
  await exec(remove, { timeoutMs: stopGraceMs + 60_000 });
}
