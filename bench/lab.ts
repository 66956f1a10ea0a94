import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { run } from '#host/exec.ts';
import { failed, type LocalFleet, type LocalFleetOptions, localFleet } from '#scripts/fleet/fleet.ts';
import { data, executable } from '#scripts/fleet/places.ts';
import { type Client, createClient } from '#wire/client.ts';
import type { Connection } from '#wire/connection.ts';
import type { FleetEvent } from '#wire/views.ts';
import type { Bench } from './suite.ts';

/** An event, and when it was heard here, ms since the epoch; machines and bench share this computer's clock. */
export type Heard = FleetEvent & { readonly heardAt: number };

/** A fleet of the bench's own, with an ear on what it tells. */
export interface Lab {
  readonly fleet: LocalFleet;
  readonly client: Client;
  /** The command line; a failure ends the suite with what it printed. */
  readonly ballast: (...words: string[]) => Promise<string>;
  /** Deploys this as the fleet file. */
  readonly deployFleet: (file: unknown) => Promise<void>;
  readonly inside: (machine: string, argv: readonly string[], timeoutMs?: number) => Promise<string>;
  /** The first event since `from` (an index into what was heard) that fits. Waits for it, `timeoutMs` at most. */
  readonly event: (
    what: string,
    fits: (event: Heard) => boolean,
    more?: { readonly from?: number; readonly timeoutMs?: number },
  ) => Promise<Heard>;
  readonly heard: readonly Heard[];
}

const commandMs = 300_000;
const waitMs = 60_000;

/** The fleet that suites share one after the other, each from nothing; `bench` is the one of the floor. */
export const labFleet = (more: Pick<LocalFleetOptions, 'cache' | 'machines'>): LocalFleet =>
  localFleet({
    ...{ name: 'blbench', home: join(data, 'bench-machines'), executable, ownConfig: true },
    ...{ network: '10.79.0.0/24', port: 7719, ...more },
  });

/** Sets a fleet with its server up, lets `work` have it, and leaves nothing of it, however that ends. */
export async function withLab<T>(
  options: Parameters<typeof labFleet>[0],
  { signal }: Pick<Bench, 'signal'>,
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  await labFleet(options).down();
  const fleet = labFleet(options);
  const end = new AbortController();
  const stop = AbortSignal.any([signal, end.signal]);
  let client: Client | undefined;
  try {
    await fleet.startServer(signal);
    const admin = join(fleet.options.home, 'server', 'admin.json');
    client = createClient(JSON.parse(await readFile(admin, 'utf8')) as Connection);
    return await work({ ...openLab(fleet, client, signal), ...listen(client, stop) });
  } finally {
    end.abort();
    client?.close();
    await fleet.down();
  }
}

function openLab(
  fleet: LocalFleet,
  client: Client,
  signal: AbortSignal,
): Pick<Lab, 'fleet' | 'client' | 'ballast' | 'deployFleet' | 'inside'> {
  const ballast = async (...words: string[]): Promise<string> => {
    const done = await fleet.ballast(words, { signal, timeoutMs: commandMs });
    if (done.code !== 0) throw failed(`ballast ${words.join(' ')} failed`, done);
    return done.stdout;
  };
  return {
    ...{ fleet, client, ballast },
    async deployFleet(file) {
      await writeFile(fleet.fleetFile, JSON.stringify(file));
      await ballast('deploy', '-f', fleet.fleetFile);
    },
    inside: async (machine, argv, timeoutMs = waitMs) =>
      await run([...(await fleet.provider.inside(machine, signal)), ...argv], { signal, timeoutMs }),
  };
}

/** Hears every event from now on. */
function listen(client: Client, signal: AbortSignal): Pick<Lab, 'event' | 'heard'> {
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  let broken: Error | undefined;
  const follow = async (): Promise<void> => {
    for await (const event of client.stream('events', { tail: 0, follow: true }, { signal })) {
      heard.push({ ...event, heardAt: Date.now() });
      for (const wake of waiting) wake();
    }
  };
  void follow().catch((cause: unknown) => {
    broken = cause instanceof Error ? cause : new Error(String(cause));
    for (const wake of waiting) wake();
  });
  return {
    heard,
    async event(what, fits, { from = 0, timeoutMs = waitMs } = {}) {
      const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      for (let next = from; ; ) {
        for (; next < heard.length; next += 1) {
          const event = heard[next];
          if (event !== undefined && fits(event)) return event;
        }
        if (broken !== undefined) throw broken;
        if (until.aborted) {
          const last = heard.slice(from).slice(-10);
          throw notInTime(what, {
            timeoutMs,
            signal,
            log: last.map(({ kind, what: said }) => `${kind}: ${said}`),
          });
        }
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake);
            until.removeEventListener('abort', wake);
            resolve();
          };
          waiting.add(wake);
          until.addEventListener('abort', wake, { once: true });
        });
      }
    },
  };
}

/** Asks again and again until the answer is something; for what no event tells. Answers with it and when it was so. */
export async function eventually<T>(
  what: string,
  signal: AbortSignal,
  look: () => Promise<T | undefined>,
  timeoutMs = waitMs,
): Promise<{ readonly value: T; readonly at: number }> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  for (;;) {
    const value = await look();
    if (value !== undefined) return { value, at: Date.now() };
    if (until.aborted) throw notInTime(what, { timeoutMs, signal });
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function notInTime(
  what: string,
  more: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly log?: readonly string[] },
): BallastError {
  const { timeoutMs, signal, log = [] } = more;
  return signal.aborted
    ? new BallastError('interrupted', `ended while waiting for this: ${what}`, { cause: signal.reason })
    : new BallastError('timed-out', `not seen within ${timeoutMs / 1000} s: ${what}`, { log });
}
