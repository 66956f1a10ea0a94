import type { ProbeOutcome } from './firewall-views.ts';

/** What has to come of a connection, what came of it, and which line says so. */
export interface TrafficTry {
  /** `guestbook/web`, `machine app-1` or `this computer`. */
  readonly from: string;
  /** The replica it was tried from. */
  readonly replica?: string;
  /** The machine it was tried from; absent: the computer of whoever asked. */
  readonly machine?: string;
  /** `guestbook/db`. */
  readonly to: string;
  /** `virtual address`, `machine app-1`, or the replica that was tried itself. */
  readonly at: string;
  readonly address: string;
  readonly port: number;
  /** `closed`: it is let through, and nothing listens there; `unproven`: it is not, and nothing listens either. */
  readonly expected: 'open' | 'refused' | 'closed' | 'unproven';
  /** What lets it through or stands against it. */
  readonly why: string;
  /** `file:line:column`; empty: no line says it. */
  readonly origin: string;
  /** Null: it is for the caller to try. */
  readonly seen: ProbeOutcome | 'not tried' | null;
  readonly ms?: number;
  /** Why it was not tried. */
  readonly trouble?: string;
}

export interface TrafficTest {
  readonly tries: readonly TrafficTry[];
}
