/** What the API answers about access. Times are ms since the epoch. */

export interface AccessView {
  readonly rules: readonly RuleView[];
  /** Certificates that have not expired. */
  readonly certificates: readonly CertificateView[];
}

export interface RuleView {
  readonly who: string;
  readonly machines: readonly string[];
  readonly as: string;
  readonly sudo: readonly string[];
  readonly ttlMs: number;
  readonly command?: string;
  readonly from: readonly string[];
  /** `fleet.yaml:12:5`, or `grant g1`. */
  readonly origin: string;
  /** Set for a grant. */
  readonly grant?: { readonly id: string; readonly by: string; readonly at: number };
  /** The person's access is revoked: the rule does not count. */
  readonly suspended: boolean;
  /** Machines of the fleet that it reaches now. */
  readonly reaches: readonly string[];
}

export interface CertificateView {
  readonly serial: number;
  readonly who: string;
  readonly by: string;
  readonly at: number;
  readonly expiresAt: number;
  readonly principals: readonly string[];
  readonly revoked: boolean;
}

export interface GrantAnswer {
  /** Absent when only a suspension was lifted. */
  readonly grant?: string;
  /** False: it was so already. */
  readonly changed: boolean;
  readonly plan: number;
}

export interface RevokeAnswer {
  readonly grants: readonly string[];
  /** Serial numbers. */
  readonly certificates: readonly number[];
  /** The fleet file still names the person: its rules do not count until the next grant. */
  readonly suspended: boolean;
  readonly plan: number;
}

export interface CertificateAnswer {
  readonly serial: number;
  readonly who: string;
  /** One line, as `-cert.pub` files hold it. */
  readonly certificate: string;
  readonly principals: readonly string[];
  readonly expiresAt: number;
  /** Public key of the authority that machines' host keys are certified by. */
  readonly hostAuthority: string;
  readonly machines: readonly ReachableMachine[];
}

export interface ReachableMachine {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly accounts: readonly string[];
  /** Set when the address must be reached through a link of this name (local machines). */
  readonly link?: string;
}

/** A context's parts, for a person who may get certificates and nothing else. */
export interface InvitationAnswer {
  readonly server: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  readonly token: string;
  readonly expiresAt: number;
}
