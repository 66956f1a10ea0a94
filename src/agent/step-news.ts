import type { Step } from '#converge/step.ts';
import { type News, newsOfFailure, newsOfStep } from './news.ts';

/** Tells how steps end. One that fails again in the same way is no news. */
export function createStepNews(
  failureOf: (key: string) => string | undefined,
  onNews: (news: News) => void,
): (step: Step, outcome: 'done' | 'failed') => void {
  const told = new Map<string, string>();
  return (step, outcome) => {
    const failed = outcome === 'failed' ? failureOf(step.key) : undefined;
    const now = Date.now();
    const news = failed === undefined ? newsOfStep(step, now) : newsOfFailure(step, failed, now);
    if (failed !== undefined && told.get(step.key) === failed) return;
    if (failed === undefined) told.delete(step.key);
    else told.set(step.key, failed);
    if (news) onNews(news);
  };
}
