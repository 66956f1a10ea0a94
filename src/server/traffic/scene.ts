import type { Sets } from '#compile/traffic/may-reach.ts';
import type { Traffic } from '#compile/traffic/traffic.ts';
import type { TrafficTry } from '#wire/traffic-views.ts';

/** Ports that something listens on, by replica. One whose machine did not say is not in it. */
export type Listening = ReadonlyMap<string, readonly number[]>;

/** All that a test is about, once names were understood. */
export interface Scene {
  readonly traffic: Traffic;
  readonly sets: Sets;
  readonly listening: Listening;
  /** The one port that was asked for. */
  readonly port: number | undefined;
}

export function expectation(allowed: boolean, listens: boolean): TrafficTry['expected'] {
  if (allowed) return listens ? 'open' : 'closed';
  return listens ? 'refused' : 'unproven';
}
