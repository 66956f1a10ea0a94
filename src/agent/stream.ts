import type { FromAgent, RepairOutcome, ToAgent } from '#wire/agent-messages.ts';
import type { TerminalSize } from '#wire/exec-messages.ts';

/** What the server may ask for beside manifests: each runs until it ends or is cancelled. */
export type StreamRequest = Extract<
  ToAgent,
  {
    kind:
      | 'logs'
      | 'ingress-logs'
      | 'exec'
      | 'delete-volume'
      | 'usage'
      | 'repair'
      | 'firewall'
      | 'probe'
      | 'listeners'
      | 'path';
  }
>;
export type StreamInput = Exclude<ToAgent, StreamRequest | { kind: 'manifest' }>;

export interface StreamContext {
  readonly send: (message: FromAgent) => void;
  /** Bytes that wait to be sent. */
  readonly backlog: () => number;
  readonly machine: string;
  readonly serviceOf: (replica: string) => string;
  readonly repair: (pattern: string, signal: AbortSignal) => Promise<RepairOutcome>;
}

/** One request that is being served. */
export interface Stream {
  readonly done: Promise<Omit<Extract<FromAgent, { kind: 'end' }>, 'kind' | 'stream'>>;
  readonly stdin?: (data: Buffer | null) => void;
  readonly resize?: (size: TerminalSize) => void;
  readonly cancel: () => void;
}
