import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { holderOf, tryLock } from '#provider/local/lock.ts';
import { type LocalFleet, localFleet } from './fleet.ts';
import { cache, data, executable } from './places.ts';

/**
 * The fleet of `npm run demo`: three machines on this computer and a context, both named `demo`. The environment gives
 * it another network, port or name where these are taken.
 */
export function demoFleet(): LocalFleet {
  const env = process.env;
  const name = env['BALLAST_DEMO_NAME'] || 'demo';
  const port = Number(env['BALLAST_DEMO_PORT'] || 7700);
  if (!/^[a-z][a-z0-9-]{0,11}$/.test(name)) {
    throw new BallastError('usage', `BALLAST_DEMO_NAME=${name} is no name for the demo`, {
      fix: 'use at most 12 lower case letters, digits and hyphens, a letter first',
    });
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new BallastError('usage', `BALLAST_DEMO_PORT=${env['BALLAST_DEMO_PORT']} is no port`, {
      fix: 'use a number from 1 to 65535',
    });
  }
  const network = env['BALLAST_DEMO_NETWORK'] || '10.90.0.0/24';
  return localFleet({ name, home: join(data, name), cache, executable, network, machines: 3, port });
}

/** Runs `work` unless another process of this computer sets the demo up or takes it down, which is said. */
export async function alone(
  { options: { name } }: LocalFleet,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  const key = `demo ${name}`;
  const since = new Date().toTimeString().slice(0, 8);
  const lock = await tryLock(key, `${what}, process ${process.pid}, since ${since}, in ${process.cwd()}`);
  if (!lock) {
    const holder = (await holderOf(key)) ?? 'another process, which has just ended';
    throw new BallastError(
      'conflict',
      'the demo is busy: one command at a time sets it up or takes it down',
      {
        why: `this one is at it: ${holder}`,
        fix: 'wait until it has ended, or end it with Ctrl-C there',
      },
    );
  }
  try {
    await work();
  } finally {
    lock.release();
  }
}
