import type { Manifest } from '#compile/manifest.ts';
import type { Drift } from '#plan/drift.ts';
import type { Listener, PortName } from '#plan/listeners.ts';
import type { MachineCondition, MachineFacts, ReplicaReport, StepFailure } from '#plan/model.ts';
import type { TerminalSize } from './exec-messages.ts';
import type { FirewallState, ProbeResult, ProbeTarget } from './firewall-views.ts';
import type { PathAnswer, PathQuestion } from './path-messages.ts';
import type { MachineUsage } from './usage.ts';
import type { FleetEvent, LogLine } from './views.ts';

/** Agents dial one WebSocket over mutual TLS; both sides send these, one JSON text per message. */

export type ToAgent =
  | {
      readonly kind: 'manifest';
      readonly epoch: number;
      readonly manifest: Manifest;
      readonly secrets: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'logs';
      readonly stream: number;
      readonly replicas: readonly string[];
      readonly follow: boolean;
      readonly tail: number;
      readonly sinceMs?: number;
    }
  | {
      readonly kind: 'ingress-logs';
      readonly stream: number;
      readonly host?: string;
      readonly follow: boolean;
      readonly tail: number;
      readonly sinceMs?: number;
    }
  | {
      readonly kind: 'exec';
      readonly stream: number;
      readonly replica: string;
      readonly command: readonly string[];
      readonly tty: boolean;
      readonly size?: TerminalSize;
      readonly stdin: boolean;
      readonly env: Readonly<Record<string, string>>;
      readonly user?: string;
      readonly workdir?: string;
    }
  | { readonly kind: 'stdin'; readonly stream: number; readonly data: string }
  | { readonly kind: 'stdin-end'; readonly stream: number }
  /** The person's terminal has another size now. */
  | { readonly kind: 'resize'; readonly stream: number; readonly size: TerminalSize }
  | { readonly kind: 'cancel'; readonly stream: number }
  /** What the machine and these replicas use now. */
  | { readonly kind: 'usage'; readonly stream: number; readonly replicas: readonly string[] }
  | { readonly kind: 'delete-volume'; readonly stream: number; readonly volume: string }
  /** Put right, once, what matches the pattern, whatever the fleet file says. The output is a `RepairOutcome`. */
  | { readonly kind: 'repair'; readonly stream: number; readonly resource: string }
  | { readonly kind: 'firewall'; readonly stream: number }
  | { readonly kind: 'probe'; readonly stream: number; readonly targets: readonly ProbeTarget[] }
  /** Who listens on these ports for other computers. */
  | { readonly kind: 'listeners'; readonly stream: number; readonly ports: readonly PortName[] }
  | { readonly kind: 'path'; readonly stream: number; readonly questions: readonly PathQuestion[] };

export type FromAgent =
  | { readonly kind: 'report'; readonly report: AgentReport }
  | { readonly kind: 'event'; readonly event: Omit<FleetEvent, 'seq' | 'machine'> }
  | { readonly kind: 'log'; readonly stream: number; readonly line: LogLine }
  /** Output of an exec, base64. */
  | { readonly kind: 'output'; readonly stream: number; readonly fd: 1 | 2; readonly data: string }
  | { readonly kind: 'firewall'; readonly stream: number; readonly state: FirewallState }
  | { readonly kind: 'probed'; readonly stream: number; readonly results: readonly ProbeResult[] }
  | { readonly kind: 'listeners'; readonly stream: number; readonly found: readonly Listener[] }
  /** In the order of the questions. */
  | { readonly kind: 'path'; readonly stream: number; readonly answers: readonly PathAnswer[] }
  | { readonly kind: 'usage'; readonly stream: number; readonly usage: MachineUsage }
  | { readonly kind: 'end'; readonly stream: number; readonly code: number; readonly error?: string };

export interface AgentReport {
  /** Generation of the newest manifest it was given, and of the newest it holds completely. */
  readonly generation: number;
  readonly converged: number;
  /** Of the newest of which it did all that can be done, failed or not. Absent: it does not say. */
  readonly tried?: number;
  readonly facts: MachineFacts;
  readonly replicas: Readonly<Record<string, ReplicaReport>>;
  readonly failures: readonly StepFailure[];
  /** What the machine runs short of. Absent: of nothing. */
  readonly conditions?: readonly MachineCondition[];
  /** What differs though nobody asked for it. Absent: nothing. */
  readonly drift?: readonly Drift[];
  /** What its clock shows, ms since the epoch. */
  readonly clock?: number;
}

/** What came of a repair: ids of what is as declared now, and what stands in the way of the rest. */
export interface RepairOutcome {
  readonly repaired: readonly string[];
  readonly failures: readonly StepFailure[];
}
