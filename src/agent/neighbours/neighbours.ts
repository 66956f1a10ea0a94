import { randomBytes } from 'node:crypto';
import { log } from '#agent/log.ts';
import type { Manifest, Neighbour, Resource } from '#compile/manifest.ts';
import {
  type Conditions,
  conditionsOf,
  type TroubleOf,
  troublesOf,
  wordOf,
} from '#converge/liveness/trouble.ts';
import { withoutDown } from '#converge/liveness/without-down.ts';
import type { ReplicaReport } from '#plan/model.ts';
import { readBeat, writeBeat } from './beat.ts';
import { clock } from './clock.ts';
import { createForgetter } from './forgetter.ts';
import { beatMsFor, createHearing } from './hearing.ts';
import { createKnocker } from './knocker.ts';
import { readRecall, writeRecall } from './recall.ts';
import { createVoice } from './voice.ts';

export interface NeighboursOptions {
  readonly machine: string;
  readonly signal: AbortSignal;
  readonly secret: (reference: string) => string | undefined;
  readonly reports: () => readonly ReplicaReport[];
  /** The machine is to hold this from now on: the same manifest, with others that serve. */
  readonly onChange: (effective: Manifest) => void;
}

/** Who can serve, as agents tell each other: needs no server. */
export interface Neighbours {
  /** Takes in a new manifest. Answers with what the machine is to hold of it now. */
  readonly follow: (manifest: Manifest) => Manifest;
  /** A replica of this machine may be another than before. */
  readonly look: () => void;
  /** A step has made this so. */
  readonly done: (resource: Resource) => void;
}

const tickMs = 100;
/** A timer that is so late says that this program was held up, and tells nothing of others. */
const lateMs = 400;

export function openNeighbours(options: NeighboursOptions): Neighbours {
  const { machine, signal, secret, reports, onChange } = options;
  const recall = readRecall();
  const hearing = createHearing(recall ?? { away: [], words: {} });
  const run = randomBytes(6).toString('hex');
  let own: Conditions = new Map(
    Object.entries(recall?.own ?? {}).map(([address, was]) => [address, was === 'well' ? 'presumed' : was]),
  );
  let manifest: Manifest | undefined;
  let neighbours: readonly Neighbour[] = [];
  let networks = new Map<string, string>();
  let key: string | undefined;
  let count = 0;
  let spokenAt = 0;
  let tickedAt = clock();
  let toldAway = '';
  let troubleOf: TroubleOf = () => undefined;
  const forget = createForgetter((address) => troubleOf(address));
  const knocker = createKnocker((name, answered, since) => {
    if (hearing.knocked(name, answered, since, clock())) change();
  });
  const voice = createVoice(hear);

  function hear(datagram: string): void {
    const beat = key === undefined ? undefined : readBeat(datagram, key, (name) => networks.get(name));
    if (beat !== undefined && hearing.heard(beat, clock())) change();
  }

  function speak(): void {
    if (key === undefined || neighbours.length === 0) return;
    spokenAt = clock();
    count += 1;
    voice.say(
      writeBeat({ machine, run, count, word: wordOf(own) }, key),
      neighbours.map(({ gateway }) => gateway),
    );
  }

  function tick(): void {
    const now = clock();
    if (now - tickedAt > tickMs + lateMs) hearing.forgive(now);
    tickedAt = now;
    if (now - spokenAt >= beatMsFor(neighbours.length) - tickMs / 2) speak();
    for (const neighbour of hearing.silent(now)) knocker.ask(neighbour, manifest?.neighbours?.port ?? 0);
  }

  function judge(): Manifest | undefined {
    if (manifest === undefined) return undefined;
    const surroundings = { own, words: hearing.words(), away: hearing.away() };
    troubleOf = troublesOf(neighbours, surroundings);
    writeRecall({
      own: Object.fromEntries(own),
      away: [...surroundings.away],
      words: Object.fromEntries(surroundings.words),
    });
    return withoutDown(manifest, troubleOf);
  }

  function change(): void {
    const effective = judge();
    if (effective === undefined) return;
    const away = [...hearing.away()].join(', ');
    if (away !== toldAway) log.info(away === '' ? 'all neighbours are there' : `away: ${away}`);
    toldAway = away;
    onChange(effective);
  }

  function look(): void {
    // An agent that ends looks after nobody any more: what it does not know then is no news of its replicas.
    if (manifest === undefined || signal.aborted) return;
    const next = conditionsOf(manifest, reports(), own);
    const told = wordOf(own);
    own = next;
    const tell = wordOf(next);
    if (told.gone.join() === tell.gone.join() && told.unwell.join() === tell.unwell.join()) return;
    speak();
    change();
  }

  const timer = setInterval(tick, tickMs);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    voice.close();
  });

  return {
    follow(next) {
      manifest = next;
      neighbours = next.neighbours?.machines ?? [];
      networks = new Map(neighbours.map((one) => [one.machine, one.cidr]));
      key = next.neighbours && secret(next.neighbours.key);
      if (next.neighbours) voice.listen(next.neighbours.port);
      hearing.follow(neighbours, clock());
      own = conditionsOf(next, reports(), own);
      return judge() ?? next;
    },
    look,
    done: (resource) => void forget(resource),
  };
}
