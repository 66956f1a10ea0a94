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
import { alone, demoFleet } from './fleet/demo-fleet.ts';
import { fail } from './fleet/fail.ts';
import { failed, type LocalFleet } from './fleet/fleet.ts';
import { guestbookAsItIs, noteGuestbook, untilHealthy } from './fleet/guestbook.ts';
import { listenForInterrupt } from './fleet/interrupt.ts';
import { hasMachines, untilReady } from './fleet/machines.ts';
import { guestbook, projectRoot } from './fleet/places.ts';
import { createStory, type Story } from './fleet/story.ts';

const answerMs = 30_000;
const interrupt = listenForInterrupt();
const { signal } = interrupt;
const story = createStory();
let fleet: LocalFleet | undefined;
try {
  fleet = demoFleet();
  const here = fleet;
  await alone(here, 'npm run demo', () => demo(here, story));
} catch (error) {
  if (signal.aborted) interrupt.end(await whatIsLeft(fleet));
  fail(error);
}

async function demo(fleet: LocalFleet, { step, say, elapsedMs }: Story): Promise<void> {
  await prepare(fleet, step);
  await step('Server', () => fleet.startServer(signal).catch(withDemoFix));
  // The server itself gives power back to machines that lost it, but not to those that someone put off.
  for (const { name, held } of await fleet.provider.list(signal)) {
    if (held) await step(`Power on ${name}`, () => fleet.provider.power.on(name, signal));
  }
  if (await hasMachines(fleet, signal)) {
    say('- Machines: the fleet has some; left as they are, with what you changed since');
    await step('Machines are ready', (detail) => untilReady(fleet, detail, signal));
  } else {
    await step('3 machines', (detail) => mustRun(fleet, ['deploy', '-f', fleet.fleetFile], detail));
  }
  await step('Secret db_password', () => ensureSecret(fleet));
  const there = await guestbookAsItIs(fleet, signal);
  if (there) {
    say(
      `- Guestbook: release ${there.release} is of the same files; left as it is, with what you changed since`,
    );
    await step('Guestbook is healthy', (detail) => untilHealthy(fleet, detail, signal));
  } else {
    await step('Guestbook', (detail) => mustRun(fleet, ['deploy', '-f', guestbook], detail));
    noteGuestbook(fleet);
  }
  const url = `http://${must(nthAddress(fleet.provider.network.cidr, 1), 'address of app-1')}:8080/`;
  await step(`${url} answers`, () => answers(url));
  const { stdout } = await fleet.ballast(['status'], { signal });
  console.log(`\n${stdout}
The guestbook answers at ${url} (and on every machine, port 8080), ready in ${showDuration(elapsedMs())}.

Try next:
  alias ballast=${fleet.options.executable}${await contextLine(fleet)}
  ballast ps                             the replicas, and how they are
  ballast logs -f web                    what they print
  ballast scale web=5                    two more
  ballast exec db -- psql -U guestbook   inside the database
  ballast machine ls                     the machines
  npm run demo:down                      removes every trace`);
}

/** What comes once on this computer; the images come one after the other, since each would slow the other. */
async function prepare({ provider }: LocalFleet, step: Story['step']): Promise<void> {
  const results = await Promise.allSettled([
    step('Build dist/ballast', buildExecutable),
    step('Base images: machines and guestbook', async (detail) => {
      await provider.prepare(detail, signal).catch(withDemoFix);
      await ensureBaseImages(['python:trixie', 'postgres:17'], detail, { signal });
    }),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** What this computer uses otherwise is chosen by the environment here, not in a fleet file. */
function withDemoFix(error: unknown): never {
  if (error instanceof BallastError && (error.code === 'conflict' || error.code === 'no-server')) {
    const others = 'BALLAST_DEMO_NAME=demo2 BALLAST_DEMO_NETWORK=10.98.0.0/24 BALLAST_DEMO_PORT=7701';
    const fix = `if its name, network or port is taken, choose others, here and for demo:down: ${others}`;
    throw new BallastError(error.code, error.message, { ...error.detail, fix });
  }
  throw error;
}

/** Commands go to the current context, which may be another fleet's. */
async function contextLine({ options: { executable, name } }: LocalFleet): Promise<string> {
  const { stdout } = await exec([executable, 'context', 'ls', '--json'], { env: { BALLAST_CONTEXT: '' } });
  const { current_context: current } = JSON.parse(stdout) as { readonly current_context: string | null };
  return current === name ? '' : `\n  ballast context use ${name}`;
}

/** What an interruption leaves, how to go on, and how to be rid of it. */
async function whatIsLeft(fleet: LocalFleet | undefined): Promise<readonly string[]> {
  const machines = (await fleet?.provider.list(new AbortController().signal)) ?? [];
  const server = fleet?.serverPid();
  const there = [
    ...(server === undefined ? [] : [`the server (process ${server})`]),
    ...machines.map(({ name }) => name),
  ];
  const left = there.length === 0 ? 'nothing of the demo runs' : `left running: ${listed(there)}`;
  return [`interrupted: ${left}`, '  go on:    npm run demo', '  clean up: npm run demo:down'];
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
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

/** Asks until it answers well, as machines that were just powered on need a moment. */
async function answers(url: string): Promise<void> {
  await guardLink(new URL(url).hostname);
  const end = performance.now() + answerMs;
  for (;;) {
    try {
      return await answersOnce(url);
    } catch (error) {
      if (signal.aborted || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

async function answersOnce(url: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get(url, { timeout: 10_000, signal }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new BallastError('unreachable', `${url} answered ${response.statusCode}`));
    })
      .on('timeout', () => reject(new BallastError('unreachable', `${url} does not answer`)))
      .on('error', (cause) => reject(new BallastError('unreachable', `${url} does not answer`, { cause })));
  });
}
