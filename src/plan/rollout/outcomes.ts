import type { AppPolicy, AppState, Outcome } from '#plan/model.ts';

type Known = Pick<AppState, 'outcomes' | 'healthy' | 'failure'>;

/** How the rollout of a release ended; undefined when it did not, was superseded before, or is older than what is kept. */
export function outcomeOf(state: Known | undefined, release: number): Outcome | undefined {
  if (state?.failure?.release === release) return 'failed';
  if (state?.healthy === release) return 'healthy';
  return state?.outcomes?.[release];
}

/** What a new rollout is to remember of those before it: of releases that are still there. */
export function outcomesBefore({ releases }: AppPolicy, state: Known | undefined): Record<number, Outcome> {
  return Object.fromEntries(
    Object.keys(releases).flatMap((number): [string, Outcome][] => {
      const outcome = outcomeOf(state, Number(number));
      return outcome === undefined ? [] : [[number, outcome]];
    }),
  );
}
