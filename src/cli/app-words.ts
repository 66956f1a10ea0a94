import type { AppView, ServiceView } from '#wire/views.ts';
import type { Paint } from './render/paint.ts';

export interface StateWord {
  readonly word: string;
  readonly wrong: boolean;
  readonly colour: (paint: Paint) => (text: string) => string;
}

/** How an app is, in a word or two. */
export function stateOf(app: AppView): StateWord {
  const healthy = app.services.every((service) => service.healthy >= service.wanted);
  switch (app.state.phase) {
    case 'rolling':
      return { word: 'rolling out', wrong: false, colour: (paint) => paint.yellow };
    case 'rolling-back':
      return { word: 'rolling back', wrong: true, colour: (paint) => paint.yellow };
    case 'removing':
      return { word: 'being removed', wrong: false, colour: (paint) => paint.yellow };
    case 'paused':
      return { word: 'paused', wrong: true, colour: (paint) => paint.yellow };
    case 'failed':
      return { word: healthy ? 'rolled back' : 'failed', wrong: true, colour: (paint) => paint.red };
    case 'steady':
      return healthy
        ? { word: 'healthy', wrong: false, colour: (paint) => paint.green }
        : { word: 'unhealthy', wrong: true, colour: (paint) => paint.red };
  }
}

/** The release that runs, or is to, and beside it the one that failed: `3 (4 failed)`. */
export function showRelease({ release, state: { target, wanted, failure } }: AppView): string {
  if (failure === undefined || target === wanted || release === null) return String(release ?? '');
  return `${target ?? 'none'} (${failure.release} failed)`;
}

/** `web 2/3`: replicas that are healthy, of those that are wanted. In a rollout there may be more for a moment. */
export function showService({ name, healthy, wanted }: ServiceView): string {
  return `${name} ${Math.min(healthy, wanted)}/${wanted}`;
}
