import { BallastError } from '#base/errors.ts';
import type { PackageResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { batch, limit } from './batch.ts';
import { cachedBy } from './cached.ts';
import { type Executed, exec, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';

const aptTimeoutMs = 15 * 60_000;

/** Debian packages. Those asked for together are installed together. */
export function createPackages({ progress }: Pick<HostContext, 'progress'>): Facility<PackageResource> {
  const installed = cachedBy(['/var/lib/dpkg/status'], readInstalled);
  // Not interrupted with this program: a package half set up is worse than one that comes late.
  const apt = async (args: readonly string[]): Promise<Executed> =>
    await exec(['apt-get', '-qq', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
      timeoutMs: aptTimeoutMs,
    });

  async function install(names: readonly string[]): Promise<void> {
    const command = ['-o', 'Dpkg::Options::=--force-confold', '--no-install-recommends', 'install', ...names];
    let done = await apt(command);
    if (done.code !== 0 && /dpkg was interrupted/.test(done.stderr)) {
      // The power went, or this program was killed, while packages were being set up.
      await exec(['dpkg', '--configure', '-a'], { timeoutMs: aptTimeoutMs });
      done = await apt(command);
    }
    if (done.code !== 0 && /Unable to locate|has no installation candidate|404/.test(done.stderr)) {
      for (const name of names) progress(`package:${name}`, 'reading package lists');
      await apt(['update']);
      done = await apt(command);
    }
    if (done.code !== 0) throw installFailure(names, done);
  }

  const installTogether = batch<string>(install, 10);
  const alone = limit(1);

  return {
    async observe(resources) {
      const present = await installed();
      return new Map(
        resources
          .filter(({ name }) => present.has(name))
          .map(({ id }): [string, Observed] => [id, { fields: { installed: true } }]),
      );
    },
    async apply({ action, resource: { name } }) {
      if (action !== 'delete') {
        await installTogether(name).catch(async (cause: unknown) => {
          // One bad name fails the whole command: alone, the others can still be had.
          if (!(cause instanceof BallastError)) throw cause;
          if ((await readInstalled()).has(name)) return;
          await alone(async () => await install([name]));
        });
      } else {
        const done = await apt(['remove', name]);
        if (done.code !== 0 && (await readInstalled()).has(name)) throw installFailure([name], done);
      }
      return undefined;
    },
  };
}

async function readInstalled(): Promise<ReadonlySet<string>> {
  const { stdout } = await exec(['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\n']);
  return new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.slice(0, line.indexOf(' '))),
  );
}

function installFailure(names: readonly string[], done: Executed): BallastError {
  const missing = /Unable to locate package (\S+)/.exec(done.stderr)?.[1];
  const what =
    missing === undefined ? `apt-get could not install ${names.join(' ')}` : `there is no package ${missing}`;
  return new BallastError('command-failed', what, {
    fix: 'see that the machine reaches its package sources: apt-get update',
    log: tail(done.stderr || done.stdout),
  });
}
