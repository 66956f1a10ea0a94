import type { Drift } from '#plan/drift.ts';
import type { StepFailure } from '#plan/model.ts';
import type { FleetEvent, MachineView } from './views.ts';

/** What differs on machines though nobody asked for it, and what was put right lately. */
export interface DriftView {
  readonly machines: readonly MachineDrift[];
  /** Events of kind `drift`, oldest first. */
  readonly recent: readonly FleetEvent[];
}

export interface MachineDrift {
  readonly machine: string;
  readonly status: MachineView['status'];
  /** What becomes of what is found there. */
  readonly repair: 'always' | 'report';
  readonly drift: readonly (Drift & {
    /** Where it was asked for; empty when nobody did. */
    readonly origin: string;
    /** Why putting it right failed. */
    readonly failure?: string;
  })[];
}

export interface RepairView {
  readonly machine: string;
  readonly repaired: readonly string[];
  readonly failures: readonly StepFailure[];
}

/** All that a machine is to hold, and who asked for it. */
export interface MachineExplanation {
  readonly machine: string;
  readonly plan: number;
  readonly resources: readonly ExplainedResource[];
}

export interface ExplainedResource {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** `file:line:column`, or the part of Ballast that asked for it. */
  readonly origin: string;
  /** Ids of what has to be there before. */
  readonly after: readonly string[];
  /** `pending`: the machine has not said yet that it holds the newest plan. */
  readonly state: 'held' | 'pending' | 'drift' | 'failing' | 'unknown';
  /** What differs, or why it fails. */
  readonly detail?: string;
}
