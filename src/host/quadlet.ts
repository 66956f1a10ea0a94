import { join } from 'node:path';
import type { UnitState } from './systemctl.ts';

/** Wholly Ballast's: whatever lies here is what the manifest asks for. */
export const quadletDirectory = '/etc/containers/systemd/ballast';

export const quadletPath = (name: string, directory = quadletDirectory): string =>
  join(directory, `${name}.container`);

/** `web.container` -> `web`; undefined for any other file. */
export const quadletName = (file: string): string | undefined =>
  file.endsWith('.container') && !file.startsWith('.') ? file.slice(0, -'.container'.length) : undefined;

export const unitOf = (name: string): string => `${name}.service`;

/** What systemd is told to do when the container ends. */
export function restartPolicy(quadlet: string): string {
  const found = [...quadlet.matchAll(/^Restart=(\S+)$/gm)].at(-1)?.[1];
  return found ?? 'no';
}

/**
 * Whether a container's unit is as it should be: it runs, is about to, or has ended as it was allowed to. What was
 * given up after too many failures is not started over and over: it is reported as failed.
 */
export function isSettled(state: UnitState, policy: string): boolean {
  if (state.load !== 'loaded' || state.needsReload) return false;
  // Between its end and its start in a restart it does not run, and is about to.
  if ((state.active !== 'inactive' && state.active !== 'failed') || state.hasJob) return true;
  if (state.result === 'start-limit-hit') return true;
  if (policy === 'always') return false;
  return state.exitedUs > 0;
}

/** Whether the container lives only together with that of another unit. */
export const isBound = (quadlet: string): boolean => /^BindsTo=/m.test(quadlet);
