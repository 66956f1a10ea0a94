import type { Operation } from './operation.ts';
import type { PathTrace, ServiceExplanation, TrafficTest } from './traffic-views.ts';

/** Operations about who may talk to whom: part of the table in `operations.ts`. */
export interface TrafficOperations {
  testTraffic: {
    input: {
      /** For names of services without an app, and for whichever end is left out. Absent: all apps. */
      app?: string;
      /** `web`, `guestbook/web`, `machine/app-1` or `internet`; absent: all services. */
      from?: string;
      /** `db`, `guestbook/db`, either with `:5432` behind it; absent: all services. */
      to?: string;
      /** Address of the caller's computer, as machines see it: for `internet`. */
      here?: string;
    };
    output: TrafficTest;
  };
  /** Both as `testTraffic` takes services. */
  tracePath: { input: { from: string; to: string; app?: string }; output: PathTrace };
  /** `web` or `guestbook/web`. */
  explainService: { input: { service: string; app?: string }; output: ServiceExplanation };
}

export const trafficOperations = {
  testTraffic: {
    method: 'POST',
    path: '/v1/traffic/test',
    kind: 'call',
    role: 'user',
    summary: 'Whether services may reach each other, proven by real connections',
  },
  tracePath: {
    method: 'POST',
    path: '/v1/traffic/trace',
    kind: 'call',
    role: 'user',
    summary: 'Where the way from the replicas of one service to those of another is broken',
  },
  explainService: {
    method: 'GET',
    path: '/v1/traffic/service',
    kind: 'call',
    role: 'user',
    summary: 'Addresses, names, rules, routes and replicas of a service, and who asked for each',
  },
} as const satisfies Record<keyof TrafficOperations, Operation>;
