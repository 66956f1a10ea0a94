import type { Story } from '#scripts/fleet/story.ts';
import type { Row } from './measure.ts';

/** What a set of measurements is given. */
export interface Bench {
  readonly rounds: number;
  readonly story: Story;
  readonly signal: AbortSignal;
  /** Something cannot be measured; the rest goes on without it. */
  readonly failed: (what: string, error: unknown) => void;
}

/** Measures, and leaves nothing running. */
export type Suite = (bench: Bench) => Promise<readonly Row[]>;
