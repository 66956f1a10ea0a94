import { BallastError } from '#base/errors.ts';
import type { Hub } from '#server/hub.ts';
import type { PathAnswer, PathQuestion } from '#wire/path-messages.ts';

const answerMs = 30_000;

/** A question, and the machine it is for. */
export interface Asked {
  readonly machine: string;
  readonly question: PathQuestion;
}

/**
 * Asks many machines at once; the answers come in the order of the questions. What is asked twice is asked once. Who is
 * away says why.
 */
export async function askAll(hub: Hub, asked: readonly Asked[]): Promise<readonly PathAnswer[]> {
  const keyOf = (one: Asked): string => JSON.stringify(one);
  const once = [...new Map(asked.map((one) => [keyOf(one), one])).values()];
  const answers = new Map<string, PathAnswer>();
  await Promise.all(
    [...Map.groupBy(once, ({ machine }) => machine)].map(async ([machine, own]) => {
      const all = await askMachine(
        hub,
        machine,
        own.map(({ question }) => question),
      ).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        return own.map((): PathAnswer => ({ kind: 'failed', why }));
      });
      for (const [index, one] of own.entries()) {
        answers.set(keyOf(one), all[index] ?? { kind: 'failed', why: `${machine} said nothing of it` });
      }
    }),
  );
  return asked.map((one) => answers.get(keyOf(one)) ?? { kind: 'failed', why: 'it was not asked' });
}

async function askMachine(
  hub: Hub,
  machine: string,
  questions: readonly PathQuestion[],
): Promise<readonly PathAnswer[]> {
  const stream = hub.open(machine, { kind: 'path', questions });
  const late = setTimeout(() => stream.cancel(), answerMs);
  let why = 'it did not answer in time';
  try {
    for await (const message of stream.messages) {
      if (message.kind === 'path') return message.answers;
      if (message.kind === 'end') why = message.error ?? `it ended with code ${message.code}`;
    }
  } finally {
    clearTimeout(late);
    stream.cancel();
  }
  throw new BallastError('unreachable', `${machine} tells nothing of its ways: ${why}`);
}
