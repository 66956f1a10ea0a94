import type { AccessRule } from '#spec/fleet-model.ts';

/** Grants and revocations made by command, which the next fleet file leaves as they are. */
export interface AccessPolicy {
  readonly grants: readonly Grant[];
  /** People whose access is suspended, whatever the fleet file says. */
  readonly suspended: readonly Suspension[];
  /** By machine: accounts of the administrator's that somebody was seen to reach by certificate. */
  readonly proven: Readonly<Record<string, readonly string[]>>;
}

export interface Grant extends AccessRule {
  /** `g1`, never used twice. */
  readonly id: string;
  readonly by: string;
  readonly at: number;
}

export interface Suspension {
  readonly who: string;
  readonly by: string;
  readonly at: number;
}
