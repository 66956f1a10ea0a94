import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { BallastError } from '#base/errors.ts';
import type { Operation } from '#wire/operation.ts';
import { holderOfCertificate, holderOfToken, type Principal, revocationOf } from './identities.ts';
import type { FleetState } from './state.ts';

/** Who sent a request: the holder of a certificate of ours, or of a bearer token. Undefined: nobody we know. */
export async function principalOf(
  state: FleetState,
  request: IncomingMessage,
): Promise<Principal | undefined> {
  return (await byCertificate(state, request.socket as TLSSocket)) ?? (await byToken(state, request));
}

/** Lets through only who has the role; everything else is refused. */
export function authorize(principal: Principal | undefined, role: Operation['role'], what: string): void {
  if (role === 'token') return; // the operation itself asks for the one-time token
  if (principal === undefined) {
    throw new BallastError('unauthenticated', `${what} needs a certificate or a token of this fleet`, {
      why: 'none came along, or it is no longer valid',
      fix: 'choose the right context: `ballast context ls`; a new one is in admin.json on the server',
    });
  }
  // Whoever may do everything may do what guests may.
  if (principal.kind === role || (role === 'guest' && principal.kind === 'user')) return;
  const people = {
    agent: 'agents',
    user: 'people',
    guest: 'people who may only log in on machines',
  } as const;
  throw new BallastError('forbidden', `${what} is not for ${people[principal.kind]}`);
}

export const nameOf = (principal: Principal | undefined): string => {
  if (principal === undefined) return 'nobody';
  return principal.kind === 'agent' ? `agent:${principal.machine}` : principal.name;
};

/** Which machine a request is from whose identity is void now; undefined when it never had one of ours. */
export async function revokedPeer(
  state: FleetState,
  request: IncomingMessage,
): Promise<{ readonly machine: string; readonly why: string; readonly identity: string } | undefined> {
  const identity = subjectOf(request.socket as TLSSocket)?.unit;
  const known = identity === undefined ? undefined : await revocationOf(state, identity);
  return known && identity !== undefined ? { machine: known.machine, why: known.why, identity } : undefined;
}

async function byCertificate(state: FleetState, socket: TLSSocket): Promise<Principal | undefined> {
  const subject = subjectOf(socket);
  return subject && (await holderOfCertificate(state, subject));
}

function subjectOf(socket: TLSSocket): { readonly commonName: string; readonly unit: string } | undefined {
  // `authorized` says that the chain leads to our authority, the only one the server trusts, and is valid now.
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const { CN: commonName, OU: unit } = subject ?? {};
  return typeof commonName === 'string' && typeof unit === 'string' ? { commonName, unit } : undefined;
}

async function byToken(state: FleetState, request: IncomingMessage): Promise<Principal | undefined> {
  const match = /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(request.headers.authorization ?? '');
  return match?.[1] === undefined ? undefined : await holderOfToken(state, match[1]);
}
