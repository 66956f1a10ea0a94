import type { Resource } from '#compile/manifest.ts';
import type { FieldChange, Fields } from './fields.ts';

/**
 * `forget` changes nothing on the machine: the thing stays and is no longer Ballast's. The three ways to ensure a
 * resource differ only in what people are told; facilities look at `changes`.
 */
export type Action = 'create' | 'update' | 'replace' | 'restart' | 'delete' | 'forget';

/** `corrective`: the machine changed under an unchanged manifest. */
export type Cause = 'intentional' | 'corrective';

export interface Step<R extends Resource = Resource> {
  /** Unique in a list of steps: the resource id, or `-` and the place when the resource leaves. */
  readonly key: string;
  readonly action: Action;
  /** What is wanted; for what leaves, what the ledger remembers of it. */
  readonly resource: R;
  readonly changes: readonly FieldChange[];
  readonly cause: Cause;
  /** Ensuring: what is there now. Deleting: what was there before Ballast. Null: nothing. */
  readonly before: Fields | null;
  /** What is there is not Ballast's: it is about to be changed for the first time, and its keeper may want it back. */
  readonly adopts?: boolean;
  /** Keys of the steps that must have succeeded. */
  readonly waitsFor: readonly string[];
}

export const leaves = (step: Step): boolean => step.action === 'delete' || step.action === 'forget';
