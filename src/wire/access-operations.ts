import type { AccessRule } from '#spec/fleet-model.ts';
import type {
  AccessView,
  CertificateAnswer,
  GrantAnswer,
  InvitationAnswer,
  RevokeAnswer,
} from './access-views.ts';
import type { Empty, Operation } from './operation.ts';

/** Operations about who may log in on machines: part of the table in `operations.ts`. */
export interface AccessOperations {
  listAccess: { input: Empty; output: AccessView };
  /** With a name only: lifts a suspension. */
  grantAccess: {
    input: { who: string; rule?: Omit<AccessRule, 'who' | 'entry'> };
    output: GrantAnswer;
  };
  /** One of the three: everything of a person, one grant, or one certificate. */
  revokeAccess: { input: { who?: string; grant?: string; serial?: number }; output: RevokeAnswer };
  /** What a person needs to get certificates for themselves, and to do nothing else. */
  inviteToAccess: { input: { who: string; ttlMs?: number }; output: InvitationAnswer };
  /** For who asks, or for `who`; narrowed to one machine or account when these are given. */
  issueCertificate: {
    input: { publicKey: string; who?: string; machine?: string; as?: string; ttlMs?: number };
    output: CertificateAnswer;
  };
}

export const accessOperations = {
  listAccess: {
    method: 'GET',
    path: '/v1/access',
    kind: 'call',
    role: 'user',
    summary: 'Who may log in on machines, and which certificates are out',
  },
  grantAccess: {
    method: 'POST',
    path: '/v1/access/grants',
    kind: 'call',
    role: 'user',
    summary: 'Let a person log in on machines',
  },
  revokeAccess: {
    method: 'POST',
    path: '/v1/access/revocations',
    kind: 'call',
    role: 'user',
    summary: 'Take access back: a person’s, a grant or a certificate',
  },
  inviteToAccess: {
    method: 'POST',
    path: '/v1/access/invitations',
    kind: 'call',
    role: 'user',
    summary: 'Let a person get certificates for themselves',
  },
  issueCertificate: {
    method: 'POST',
    path: '/v1/access/certificates',
    kind: 'call',
    role: 'guest',
    summary: 'A certificate with which ssh lets a person in',
  },
} as const satisfies Record<keyof AccessOperations, Operation>;
