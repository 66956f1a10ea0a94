import type { IngressView } from './ingress-views.ts';
import type { Empty, Operation } from './operation.ts';
import type { LogLine } from './views.ts';

/** Operations about ingress: part of the table in `operations.ts`. */
export interface IngressOperations {
  /** `ca`: PEM of the authority that certifies for `tls: internal`. */
  listIngress: { input: Empty; output: { routes: readonly IngressView[]; ca: string } };
  renewIngress: { input: { host: string }; output: Empty };
  /** What was asked of ingress, one line a request. */
  ingressLogs: {
    input: { host?: string; follow?: boolean; tail?: number; sinceMs?: number };
    output: LogLine;
  };
}

export const ingressOperations = {
  listIngress: {
    method: 'GET',
    path: '/v1/ingress',
    kind: 'call',
    role: 'user',
    summary: 'Host names that lead into the fleet, and their certificates',
  },
  renewIngress: {
    method: 'POST',
    path: '/v1/ingress/:host/renew',
    kind: 'call',
    role: 'user',
    summary: 'Try at once to get a certificate by ACME',
  },
  ingressLogs: {
    method: 'GET',
    path: '/v1/ingress/logs',
    kind: 'stream',
    role: 'user',
    summary: 'What was asked of ingress',
  },
} as const satisfies Record<keyof IngressOperations, Operation>;
