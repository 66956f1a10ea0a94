import type { ImageProgress } from '#host/images/pin-work.ts';
import type { Progress } from './render/progress.ts';
import { listOf, tame } from './render/text.ts';

const words = {
  building: 'building',
  pushing: 'pushing',
  resolving: 'looking up',
  copying: 'copying',
} as const;

/** Follows the making of images: what to show now, and in the end what was done for which service. */
export interface PinProgress {
  readonly on: (progress: ImageProgress) => void;
  /** `web built, db unchanged`. */
  readonly summary: () => string;
}

export function pinProgress(progress: Progress, say: (detail: string) => void): PinProgress {
  const done = new Map<string, 'unchanged' | 'built' | 'copied'>();
  const last = new Map<string, string>();
  return {
    on({ services, step, detail }) {
      const name = services.join(', ');
      if (step === 'note') {
        if (detail !== undefined) progress.note(`  ${name}: ${tame(detail)}`);
        return;
      }
      if (step === 'ready') {
        if (!done.has(name)) done.set(name, 'unchanged');
        return;
      }
      if (step === 'building') done.set(name, 'built');
      if (step === 'copying') done.set(name, 'copied');
      if (last.get(name) !== step) progress.tell(`  ${words[step]} ${name}`);
      last.set(name, step);
      say(`${words[step]} ${name}${detail === undefined ? '' : `: ${tame(detail)}`}`);
    },
    summary() {
      const groups = (['built', 'copied', 'unchanged'] as const).map((what) => {
        const names = [...done].filter(([, state]) => state === what).map(([name]) => name);
        return names.length === 0 ? [] : [`${listOf(names)} ${what}`];
      });
      return groups.flat().join(', ');
    },
  };
}
