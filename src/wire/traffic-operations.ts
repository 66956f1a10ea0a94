import type { Operation } from './operation.ts';
import type { TrafficTest } from './traffic-views.ts';

/** Operations about who may talk to whom: part of the table in `operations.ts`. */
export interface TrafficOperations {
  testTraffic: {
    input: {
      /** For names of services without an app, and for whatever of the two ends is left out. */
      app?: string;
      /** `web`, `guestbook/web`, `machine/app-1` or `internet`; absent: all services of the app. */
      from?: string;
      /** `db`, `guestbook/db`, either with `:5432` behind it; absent: all services of the app. */
      to?: string;
      /** Address of the caller's computer, as machines see it: for `internet`. */
      here?: string;
    };
    output: TrafficTest;
  };
}

export const trafficOperations = {
  testTraffic: {
    method: 'POST',
    path: '/v1/traffic/test',
    kind: 'call',
    role: 'user',
    summary: 'Whether services may reach each other, proven by real connections',
  },
} as const satisfies Record<keyof TrafficOperations, Operation>;
