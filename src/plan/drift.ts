/** A difference between a machine and its manifest that no change of the manifest explains. */
export interface Drift {
  readonly resource: string;
  readonly kind: string;
  readonly found: 'missing' | 'changed' | 'unwanted';
  /** Texts that are long or secret stand there as digests. Null: it is not there. */
  readonly changes: readonly {
    readonly name: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  /** When it was first seen, ms since the epoch. */
  readonly since: number;
  /** `by ana@example.com (session 4)` when that is known, `while ana@example.com was logged in` when it is likely. */
  readonly by?: string;
  readonly doing: 'repairing' | 'reported' | 'allowed';
  /** When it stops being allowed, ms since the epoch. */
  readonly until?: number;
}
