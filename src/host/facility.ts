import type { Resource, ResourceKind } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import type { Ledger } from '#converge/ledger.ts';
import type { Step } from '#converge/step.ts';

/**
 * One kind of thing a machine can hold. `observe` says how the given resources are, in as few processes as it can;
 * an id it leaves out is absent. `apply` makes one step true: idempotent, safe to interrupt anywhere, and
 * "already so" is success. It may be called for many steps at once and may return a note, which comes back in the
 * ledger. Both throw only operating errors.
 */
export interface Facility<R extends Resource = Resource> {
  observe(resources: readonly R[], ledger: Ledger): Promise<ReadonlyMap<string, Observed>>;
  apply(step: Step<R>): Promise<string | undefined>;
}

export type Facilities = { readonly [K in ResourceKind]: Facility<Extract<Resource, { kind: K }>> };

/** What facilities are given by the program that uses them. */
export interface HostContext {
  readonly signal: AbortSignal;
  /** Directory for what must outlive a restart of the program. */
  readonly stateDir: string;
  /** Value of `name@version`, or undefined when this machine was not given it. */
  readonly secret: (reference: string) => string | undefined;
  /** Told what a long step is doing. */
  readonly progress: (resource: string, what: string) => void;
}
