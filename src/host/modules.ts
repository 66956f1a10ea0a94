import { lstat, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { BallastError } from '#base/errors.ts';
import type { ModuleResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { isContainer } from './container-host.ts';
import { exec, tail } from './exec.ts';
import type { Facility } from './facility.ts';

/** Kernel modules, loaded or built in. */
export function createModules(): Facility<ModuleResource> {
  return {
    async observe(resources) {
      const seen = new Map<string, Observed>();
      for (const { id, name } of resources) {
        if (await isLoaded(name)) seen.set(id, { fields: { loaded: true } });
      }
      return seen;
    },
    async apply({ action, resource: { name }, before }) {
      if (action !== 'delete') await load(name);
      // One that somebody uses by now stays.
      else if (before === null && (await isLoaded(name)))
        await exec(['modprobe', '--remove', '--quiet', name]);
      return undefined;
    },
  };
}

const spelled = (name: string): string => name.replaceAll('-', '_');

async function isLoaded(name: string): Promise<boolean> {
  if ((await lstat(`/sys/module/${spelled(name)}`).catch(() => null)) !== null) return true;
  // Containers do not see the directory above, but the list.
  const modules = await readFile('/proc/modules', 'utf8').catch(() => '');
  if (modules.split('\n').some((line) => line.startsWith(`${spelled(name)} `))) return true;
  const builtIn = await readFile(`/lib/modules/${release()}/modules.builtin`, 'utf8').catch(() => '');
  return builtIn.split('\n').some((path) => spelled(path).endsWith(`/${spelled(name)}.ko`));
}

async function load(name: string): Promise<void> {
  if (await isContainer()) {
    throw new BallastError('not-supported', `the kernel module ${name} cannot be loaded in a container`, {
      why: 'this machine has the kernel of the computer it runs on',
      fix: `load it there: modprobe ${name}`,
    });
  }
  const { code, stderr } = await exec(['modprobe', name]);
  if (code === 0 && (await isLoaded(name))) return;
  throw new BallastError('command-failed', `the kernel module ${name} could not be loaded`, {
    why: tail(stderr, 1)[0] || `modprobe ended with exit code ${code}`,
    fix: `check its spelling, and that the kernel has it: modinfo ${name}`,
    log: tail(stderr),
  });
}
