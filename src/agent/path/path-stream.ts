import type { Stream, StreamContext, StreamRequest } from '#agent/stream.ts';
import { readCounters, readListening } from '#host/firewall-state.ts';
import { linkTowards, lookUp, meshNeighbours } from '#host/ways.ts';
import type { PathAnswer, PathQuestion } from '#wire/path-messages.ts';
import { processOf, tryFrom } from './container.ts';
import { timedKnock } from './inside.ts';
import type { Try } from './tries.ts';

/** The table that judges and leads what containers send. */
const table = 'ballast';
/** There are two while keys are changed. */
const meshLink = /^ballast-mesh/;

/** Answers questions about the ways between containers, all at once. */
export function runPath(
  { stream, questions }: Extract<StreamRequest, { kind: 'path' }>,
  { send }: StreamContext,
): Stream {
  const stop = new AbortController();
  const tell = async () => {
    const inside = insideTries(questions, stop.signal);
    const answers = await Promise.all(
      questions.map(async (question) => {
        try {
          return await answer(question, inside, stop.signal);
        } catch (cause) {
          return failed(cause);
        }
      }),
    );
    send({ kind: 'path', stream, answers });
    return { code: 0 };
  };
  return { done: tell(), cancel: () => stop.abort() };
}

const failed = (cause: unknown): PathAnswer => ({
  kind: 'failed',
  why: cause instanceof Error ? cause.message : String(cause),
});

type Inside = ReadonlyMap<PathQuestion, Promise<PathAnswer>>;

/** What is asked within containers: one process for all that is tried from the same one. */
function insideTries(questions: readonly PathQuestion[], signal: AbortSignal): Inside {
  const tries = questions.filter(isInside);
  const found = new Map<PathQuestion, Promise<PathAnswer>>();
  for (const [replica, own] of Map.groupBy(tries, (one) => one.replica)) {
    const answers = tryFrom(replica, own, signal);
    for (const [index, question] of own.entries()) {
      found.set(
        question,
        answers.then(
          (all) => all[index] ?? failed('nothing was said of it'),
          (cause: unknown) => failed(cause),
        ),
      );
    }
  }
  return found;
}

const isInside = (question: PathQuestion): question is Try & { readonly replica: string } =>
  (question.kind === 'connect' && question.replica !== undefined) || question.kind === 'resolve';

async function answer(question: PathQuestion, inside: Inside, signal: AbortSignal): Promise<PathAnswer> {
  const own = inside.get(question);
  if (own !== undefined) return await own;
  switch (question.kind) {
    case 'connect':
      return await timedKnock(question.address, question.port);
    case 'listening': {
      const pid = await processOf(question.replica);
      return { kind: 'listening', ports: await readListening([question.address], pid) };
    }
    case 'route':
      return { kind: 'route', link: await linkTowards(question.address) };
    case 'lookup':
      return { kind: 'lookup', ...(await lookUp(table, question)) };
    case 'counters':
      return { kind: 'counters', counters: await readCounters(signal, table) };
    case 'mesh':
      return { kind: 'mesh', neighbours: await meshNeighbours(meshLink, Date.now()) };
    case 'resolve':
      return failed('names are asked for within containers');
  }
}
