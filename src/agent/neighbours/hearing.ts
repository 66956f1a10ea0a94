import type { Neighbour } from '#compile/manifest.ts';
import type { Word } from '#converge/liveness/trouble.ts';
import type { Beat } from './beat.ts';

/** How often an agent speaks to so many neighbours: the more there are the less often, so that what it costs is bounded. */
export const beatMsFor = (neighbours: number): number => Math.max(300, 3 * neighbours);

/** After so many beats that did not come a neighbour is asked whether its machine answers. */
const missedMax = 1.7;
/** A machine that answers while its agent does not speak is taken for back after this time. */
const silentlyBackMs = 10_000;

/** What this agent hears of its neighbours. All times are ms of one clock that never goes back. */
export interface Hearing {
  readonly follow: (neighbours: readonly Neighbour[], now: number) => void;
  /** Whether it says anything new. */
  readonly heard: (beat: Beat, now: number) => boolean;
  /** Neighbours that have not spoken for too long, and are to be asked by a knock on their door. */
  readonly silent: (now: number) => readonly Neighbour[];
  /** How a knock on a machine's door, begun at `since`, ended. Answers whether that changes who is away. */
  readonly knocked: (machine: string, answered: boolean, since: number, now: number) => boolean;
  readonly words: () => ReadonlyMap<string, Word>;
  readonly away: () => ReadonlySet<string>;
  /** This program itself was held up: what did not come meanwhile may still be on its way. */
  readonly forgive: (now: number) => void;
}

interface Heard {
  readonly neighbour: Neighbour;
  heardAt: number;
  answersSince: number | undefined;
  away: boolean;
  run: string;
  count: number;
  word: Word;
}

const nothing: Word = { gone: [], unwell: [] };

/** `known`: what an earlier run of this program knew. */
export function createHearing(known: {
  readonly away: readonly string[];
  readonly words: Readonly<Record<string, Word>>;
}): Hearing {
  let all = new Map<string, Heard>();
  let patienceMs = beatMsFor(0) * missedMax;

  return {
    follow(neighbours, now) {
      patienceMs = beatMsFor(neighbours.length) * missedMax;
      all = new Map(
        neighbours.map((neighbour) => {
          const { machine } = neighbour;
          const fresh = {
            ...{ heardAt: now, answersSince: undefined, run: '', count: 0 },
            ...{ away: known.away.includes(machine), word: known.words[machine] ?? nothing },
          };
          const before = all.get(machine);
          const same = before?.neighbour.cidr === neighbour.cidr;
          return [machine, { ...(same ? before : fresh), neighbour }];
        }),
      );
    },
    heard({ machine, run, count, word }, now) {
      const one = all.get(machine);
      if (one === undefined || (one.run === run && count <= one.count)) return false;
      const news = one.away || !sameWord(one.word, word);
      Object.assign(one, { heardAt: now, answersSince: undefined, away: false, run, count, word });
      return news;
    },
    silent: (now) =>
      [...all.values()].filter(({ heardAt }) => now - heardAt > patienceMs).map(({ neighbour }) => neighbour),
    knocked(machine, answered, since, now) {
      const one = all.get(machine);
      if (one === undefined || one.heardAt > since) return false;
      const was = one.away;
      if (!answered) {
        one.answersSince = undefined;
        one.away = true;
      } else {
        one.answersSince ??= now;
        if (now - one.answersSince > silentlyBackMs) one.away = false;
      }
      return one.away !== was;
    },
    words: () => new Map([...all].map(([machine, { word }]) => [machine, word])),
    away: () => new Set([...all].flatMap(([machine, { away }]) => (away ? [machine] : []))),
    forgive(now) {
      for (const one of all.values()) if (now - one.heardAt < 2 * patienceMs) one.heardAt = now;
    },
  };
}

const sameWord = (one: Word, other: Word): boolean =>
  one.gone.join() === other.gone.join() && one.unwell.join() === other.unwell.join();
