import type { IngressTls } from '#spec/ingress-model.ts';

/** A host name that leads into the fleet. */
export interface IngressView {
  readonly host: string;
  readonly path: string;
  readonly app: string;
  readonly service: string;
  /** Port inside the container; absent when requests are sent to another host. */
  readonly port?: number;
  /** Where requests are sent instead. */
  readonly sentTo?: string;
  readonly tls: IngressTls['kind'];
  /** Replicas that get requests now. */
  readonly replicas: number;
  /** Who issued the certificate that is shown now; absent: none is. */
  readonly certificate?: 'internal' | 'acme' | 'given';
  /** When it ends, ms since the epoch. Absent: not known here. */
  readonly endsAt?: number;
  /** Why it is not as it should be. */
  readonly problem?: string;
  /** When that is tried again, ms since the epoch. */
  readonly nextAt?: number;
  /** `file:line:column`. */
  readonly origin: string;
}
