import { readFile } from 'node:fs/promises';

/** Whether this machine is a container, which has no kernel of its own. systemd notes it at boot. */
export const isContainer = async (): Promise<boolean> =>
  (await readFile('/run/systemd/container', 'utf8').catch(() => '')).trim() !== '';
