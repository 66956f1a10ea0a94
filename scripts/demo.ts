/**
 * Sets up all that a look at Ballast needs on this computer: three machines, the fleet's server and the guestbook.
 * Whatever is there already is kept, so it may be run again at any time. `npm run demo:down` removes every trace.
 */
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { must } from '#base/assert.ts';
import { nthAddress } from '#base/cidr.ts';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { exec } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import { ensureBaseImages } from './base-images/ensure.ts';
import { demoFleet } from './fleet/demo-fleet.ts';
import { fail } from './fleet/fail.ts';
import { failed, type LocalFleet } from './fleet/fleet.ts';
import { guestbook, projectRoot } from './fleet/places.ts';
import { createStory, type Story } from './fleet/story.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort()).once('SIGTERM', () => interrupt.abort());
const { signal } = interrupt;
const story = createStory();
try {
  await demo(story);
} catch (error) {
  fail(error);
}

async function demo({ step, elapsedMs }: Story): Promise<void> {
  const fleet = demoFleet();
  // What comes once on this computer; the two images come one after the other, since each would slow the other.
  await Promise.all([
    step('Build dist/ballast', buildExecutable),
    step('Base images: machines and guestbook', async (detail) => {
      await fleet.provider.prepare(detail, signal);
      await ensureBaseImages(['python:trixie', 'postgres:17'], detail, { signal });
    }),
  ]);
  await step('Server', () => fleet.startServer(signal));
  for (const { name, state } of await fleet.provider.list(signal)) {
    if (state === 'stopped') await step(`Power on ${name}`, () => fleet.provider.power.on(name, signal));
  }
  await step('3 machines', (detail) => mustRun(fleet, ['deploy', '-f', fleet.fleetFile], detail));
  await step('Secret db_password', () => ensureSecret(fleet));
  await step('Guestbook', (detail) => mustRun(fleet, ['deploy', '-f', guestbook], detail));
  const url = `http://${must(nthAddress(fleet.provider.network.cidr, 1), 'address of app-1')}:8080/`;
  await step(`${url} answers`, () => answers(url));
  const { stdout } = await fleet.ballast(['status']);
  console.log(`\n${stdout}
The guestbook answers at ${url} (and on every machine, port 8080), ready in ${showDuration(elapsedMs())}.

Try next:
  alias ballast=${fleet.options.executable}
  ballast ps                             the replicas, and how they are
  ballast logs -f web                    what they print
  ballast scale web=5                    two more
  ballast exec db -- psql -U guestbook   inside the database
  ballast machine ls                     the machines
  npm run demo:down                      removes every trace`);
}

async function buildExecutable(detail: (text: string) => void): Promise<void> {
  const built = await exec([process.execPath, 'scripts/build.ts'], {
    cwd: projectRoot,
    onLine: detail,
    signal,
  });
  if (built.code !== 0) throw failed('dist/ballast could not be built', built);
}

async function ensureSecret(fleet: LocalFleet): Promise<void> {
  const listed = await fleet.ballast(['secret', 'ls', '-o', 'name'], { signal });
  if (listed.stdout.split('\n').includes('db_password')) return;
  await mustRun(fleet, ['secret', 'set', 'db_password'], () => {}, randomBytes(16).toString('hex'));
}

async function mustRun(
  fleet: LocalFleet,
  words: readonly string[],
  detail: (text: string) => void,
  input?: string,
): Promise<void> {
  const done = await fleet.ballast(words, {
    signal,
    onLine: detail,
    ...(input === undefined ? {} : { input }),
  });
  if (done.code !== 0) throw failed(`ballast ${words.join(' ')} failed with exit code ${done.code}`, done);
}

async function answers(url: string): Promise<void> {
  await guardLink(new URL(url).hostname);
  await new Promise<void>((resolve, reject) => {
    get(url, { timeout: 10_000 }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new BallastError('unreachable', `${url} answered ${response.statusCode}`));
    }).on('error', (cause) => reject(new BallastError('unreachable', `${url} does not answer`, { cause })));
  });
}
