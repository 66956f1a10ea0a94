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

/** What there is about a service on the network, and from which line each came. */
export interface ServiceExplanation {
  readonly service: string;
  readonly release: number;
  readonly facts: readonly ServiceFact[];
}

export interface ServiceFact {
  readonly topic:
    | 'address'
    | 'name'
    | 'network'
    | 'inbound'
    | 'outbound'
    | 'refused'
    | 'port'
    | 'route'
    | 'replica'
    | 'resource';
  readonly what: string;
  readonly detail: string;
  /** `file:line:column`, or the part of Ballast that asked. */
  readonly origin: string;
  /** The machine it is about; absent: all of them. */
  readonly machine?: string;
  /** How often the rule was met, on all machines that said so. */
  readonly packets?: number;
}

/** Every way from a replica of one service, on each machine that has one, to each replica of another. */
export interface PathTrace {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly ways: readonly PathWay[];
}

export interface PathWay {
  readonly from: string;
  readonly machine: string;
  readonly to: string;
  readonly toMachine: string;
  /** In the order in which a connection meets them. */
  readonly hops: readonly PathHop[];
}

export interface PathHop {
  readonly hop:
    | 'replica'
    | 'name'
    | 'rule'
    | 'table'
    | 'route'
    | 'mesh'
    | 'table there'
    | 'process'
    | 'health'
    | 'balancing'
    | 'connection';
  /** `unknown`: nobody could say. */
  readonly state: 'ok' | 'broken' | 'unknown';
  readonly what: string;
  /** What to do when it is broken. */
  readonly fix?: string;
}
