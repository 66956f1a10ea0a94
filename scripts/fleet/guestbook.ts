import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import type { AppView, FleetStatus } from '#wire/views.ts';
import { failed, type LocalFleet } from './fleet.ts';
import { guestbook } from './places.ts';

const healthyMs = 180_000;
const pauseMs = 500;

/** The fleet's guestbook, when it is there and was deployed from the files that the example has now. */
export async function guestbookAsItIs(fleet: LocalFleet, signal: AbortSignal): Promise<AppView | undefined> {
  const note = noteOf(fleet);
  if (!existsSync(note) || readFileSync(note, 'utf8') !== stampOfGuestbook()) return undefined;
  const app = await appOf(fleet, signal);
  return app?.release === null ? undefined : app;
}

/** Notes that the fleet runs the example as its files are now. */
export const noteGuestbook = (fleet: LocalFleet): void => writeFileSync(noteOf(fleet), stampOfGuestbook());

/** Waits until every replica is healthy, as after a start of machines. */
export async function untilHealthy(
  fleet: LocalFleet,
  detail: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + healthyMs;
  for (;;) {
    const services = (await appOf(fleet, signal))?.services ?? [];
    const short = services.filter(({ healthy, wanted }) => healthy < wanted);
    if (services.length > 0 && short.length === 0) return;
    detail(short.map(({ name, healthy, wanted }) => `${name} ${healthy}/${wanted}`).join(', '));
    if (performance.now() > end) {
      throw new BallastError('timed-out', `the guestbook is not healthy after ${healthyMs / 1000} s`, {
        fix: 'see what is wrong: ballast status',
        log: short.map(({ name, healthy, wanted }) => `${name}: ${healthy} of ${wanted} healthy`),
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function appOf(fleet: LocalFleet, signal: AbortSignal): Promise<AppView | undefined> {
  const done = await fleet.ballast(['status', '--json'], { signal });
  if (done.code !== 0) throw failed('the fleet does not say how it is', done);
  return (JSON.parse(done.stdout) as FleetStatus).apps.find(({ name }) => name === 'guestbook');
}

const noteOf = (fleet: LocalFleet): string => join(fleet.options.home, 'guestbook.deployed');

/** Stands for all that its deploy reads: every file of the example, and the variables it may be given. */
function stampOfGuestbook(): string {
  const hash = createHash('sha256');
  const dir = dirname(guestbook);
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(dir, name);
    if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
  }
  for (const name of Object.keys(process.env).sort()) {
    if (name.startsWith('GUESTBOOK_')) hash.update(`${name}=${process.env[name]}\0`);
  }
  return `${hash.digest('hex')}\n`;
}
