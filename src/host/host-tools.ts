import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { exec, run } from './exec.ts';

/** Programs that Ballast uses on the computer it is run on, and the Debian package of each. */
export const hostPackages = {
  buildah: 'buildah',
  ip: 'iproute2',
  mmdebstrap: 'mmdebstrap',
  nft: 'nftables',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  skopeo: 'skopeo',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sysctl: 'procps',
  'systemd-nspawn': 'systemd-container',
  unshare: 'util-linux',
} as const satisfies Record<string, string>;

export type HostTool = keyof typeof hostPackages;

/** What the provider of local machines needs. */
export const localTools: readonly HostTool[] = [
  'ip',
  'mmdebstrap',
  'nft',
  'nsenter',
  'setpriv',
  'sysctl',
  'systemd-nspawn',
  'unshare',
];

const installTimeoutMs = 10 * 60_000;

/** Makes sure that the tools are there: installs what is missing as root on Debian, else says what to install. */
export async function ensureHostTools(
  needed: readonly HostTool[],
  progress: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const missing = missingTools(needed);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => hostPackages[tool]))].sort();
  if (process.getuid?.() === 0 && isThere('apt-get')) {
    progress(`installing ${packages.join(', ')}`);
    const install = [
      'apt-get',
      'install',
      '--yes',
      '--quiet',
      '--no-install-recommends',
      ...lockOptions,
      ...packages,
    ];
    const options = { signal, timeoutMs: installTimeoutMs, env: { DEBIAN_FRONTEND: 'noninteractive' } };
    // The lists of packages may be absent or too old; they are fetched only then.
    if ((await exec(install, options)).code !== 0) {
      await run(['apt-get', 'update', '--quiet', ...lockOptions], options);
      await run(install, options);
    }
  }
  const still = missingTools(needed);
  if (still.length === 0) return;
  throw new BallastError('missing-tool', `missing on this computer: ${still.join(', ')}`, {
    fix: `install them: apt-get install ${packages.join(' ')}`,
  });
}

export const missingTools = (needed: readonly HostTool[]): HostTool[] =>
  needed.filter((tool) => !isThere(tool));

const lockOptions = ['-o', 'DPkg::Lock::Timeout=300'];

/** Whether a program is found as a shell would, also where only root's path looks. */
function isThere(program: string): boolean {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin'];
  return dirs.some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
