import { createHash, randomBytes } from 'node:crypto';
import { BallastError } from '#base/errors.ts';
import { keys } from './keys.ts';
import { type Newcomer, refuseMeeting } from './newcomer.ts';
import { type Authority, requestKeyId } from './pki/authority.ts';
import type { FleetState } from './state.ts';

/** Who a request is from. */
export type Principal =
  | { readonly kind: 'user'; readonly name: string }
  /** May have certificates for machines and nothing else. */
  | { readonly kind: 'guest'; readonly name: string }
  | { readonly kind: 'agent'; readonly machine: string };

/** A name's identity: certificates that name another one are void. */
interface StoredIdentity {
  readonly identity: string;
  readonly at: number;
}

interface StoredEnrolment {
  readonly machine: string;
  readonly expiresAt: number;
  /** The key it was first used with. Until that machine connects the same key may ask again: answers get lost. */
  readonly usedBy?: string;
}

/** Time a one-time token is good for. */
export const enrolmentMs = 10 * 60_000;

/** A token, and what has to be committed for it to count. Only its hash is stored. */
export interface NewToken {
  readonly token: string;
  readonly expiresAt: number;
  readonly set: Readonly<Record<string, unknown>>;
}

/** A one-time token with which this machine, and no other, may join. */
export function enrolmentFor(machine: string, now: number): NewToken {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = now + enrolmentMs;
  const stored: StoredEnrolment = { machine, expiresAt };
  return { token, expiresAt, set: { [keys.enrolment(hash(token))]: stored } };
}

/** Exchanges a one-time token for a machine's first certificate. */
export async function enrol(
  state: FleetState,
  authority: Authority,
  { token, csr, networks = [] }: Pick<Newcomer, 'token' | 'csr' | 'networks'>,
): Promise<{ readonly machine: string; readonly certificate: string }> {
  const key = keys.enrolment(hash(token));
  // Anybody may knock here: what costs time comes after what only a token opens.
  if ((await state.store.get(key)) === undefined) throw refused('it is unknown, or was used already');
  const usedBy = await requestKeyId(csr);
  return await state.exclusive(async () => {
    const stored = await read<StoredEnrolment>(state, key);
    if (stored === undefined) throw refused('it is unknown, or was used already');
    if (stored.expiresAt <= state.now()) {
      await state.commit({ set: { [key]: null } });
      throw refused('it is older than ten minutes');
    }
    if (stored.usedBy !== undefined && stored.usedBy !== usedBy)
      throw refused('it was used already, with another key');
    const { machine } = stored;
    const record = state.policy.machines[machine];
    if (record === undefined) throw refused(`the machine ${machine} is no longer part of the fleet`);
    refuseMeeting(state.policy, machine, networks);
    const { successorOf: _, ...joined } = record;
    const identity =
      stored.usedBy === undefined
        ? undefined
        : (await read<StoredIdentity>(state, keys.agent(machine)))?.identity;
    const next: StoredIdentity = { identity: identity ?? newIdentity(), at: state.now() };
    const certificate = await authority.forAgent(csr, machine, next.identity);
    await state.commit({
      set: {
        [key]: { ...stored, usedBy } satisfies StoredEnrolment,
        [keys.agent(machine)]: next,
        [keys.machine(machine)]: { ...joined, joinedAt: state.now() },
      },
      events: [{ kind: 'machine-enrolled', machine, what: `${machine} joined the fleet` }],
    });
    return { machine, certificate };
  });
}

/** A machine that is no more and whose identity is refused for ever. */
interface Revocation {
  readonly machine: string;
  readonly at: number;
  readonly why: string;
}

/** For how long it is known whose an identity was: as long as its certificates could live, and more. */
const rememberedMs = 7 * 24 * 3_600_000;

/** What must be committed so that a machine's certificates and tokens are void for ever. */
export async function revoked(
  state: FleetState,
  machine: string,
  why: string,
): Promise<Readonly<Record<string, unknown>>> {
  const own = await read<StoredIdentity>(state, keys.agent(machine));
  const old = (await state.store.list(keys.revocations)).entries.filter(
    ({ value }) => (JSON.parse(value) as Revocation).at < state.now() - rememberedMs,
  );
  return {
    ...(await enrolmentsOf(state, machine)),
    ...Object.fromEntries(old.map(({ key }) => [key, null])),
    [keys.agent(machine)]: null,
    ...(own
      ? { [keys.revocation(own.identity)]: { machine, at: state.now(), why } satisfies Revocation }
      : {}),
  };
}

/** Which machine an identity was of, and why it is void; undefined when it never was one, or long ago. */
export const revocationOf = async (state: FleetState, identity: string): Promise<Revocation | undefined> =>
  await read<Revocation>(state, keys.revocation(identity));

/** Forgets every token of a machine: it is connected, or gone. */
export async function enrolmentsOf(state: FleetState, machine: string): Promise<Record<string, null>> {
  const all = (await state.store.list(keys.enrolments)).entries;
  const expired = state.now();
  const ended = all.filter((entry) => {
    const stored = JSON.parse(entry.value) as StoredEnrolment;
    return stored.machine === machine || stored.expiresAt <= expired;
  });
  return Object.fromEntries(ended.map((entry) => [entry.key, null]));
}

/** Whether a token is out with which the machine may still join. */
export async function awaitsEnrolment(state: FleetState, machine: string): Promise<boolean> {
  const all = (await state.store.list(keys.enrolments)).entries;
  return all.some((entry) => {
    const stored = JSON.parse(entry.value) as StoredEnrolment;
    return stored.machine === machine && stored.expiresAt > state.now();
  });
}

export const isEnrolled = async (state: FleetState, machine: string): Promise<boolean> =>
  (await state.store.get(keys.agent(machine))) !== undefined;

/** A fresh certificate for a machine that proved who it is. */
export async function renew(
  state: FleetState,
  authority: Authority,
  machine: string,
  csr: string,
): Promise<string> {
  const stored = await read<StoredIdentity>(state, keys.agent(machine));
  if (stored === undefined)
    throw new BallastError('forbidden', `the machine ${machine} is not part of the fleet`);
  return await authority.forAgent(csr, machine, stored.identity);
}

/** Makes a person known, or gives back the identity that is there. */
export async function identityOfUser(state: FleetState, name: string): Promise<string> {
  return await state.exclusive(async () => {
    const there = await read<StoredIdentity>(state, keys.user(name));
    if (there !== undefined) return there.identity;
    const made: StoredIdentity = { identity: newIdentity(), at: state.now() };
    await state.commit({
      set: { [keys.user(name)]: made },
      events: [{ kind: 'user-added', subject: name, what: `${name} may use the fleet` }],
    });
    return made.identity;
  });
}

/** A bearer token for a person who is known. Only its hash is stored. */
export async function addUserToken(state: FleetState, user: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await state.exclusive(() =>
    state.commit({
      set: { [keys.token(hash(token))]: { user, at: state.now() } },
      events: [{ kind: 'token-added', subject: user, what: `${user} was given a token` }],
    }),
  );
  return token;
}

/** Who holds a certificate of ours with this subject; undefined when that identity is not, or no longer, let in. */
export async function holderOfCertificate(
  state: FleetState,
  { commonName, unit }: { readonly commonName: string; readonly unit: string },
): Promise<Principal | undefined> {
  const match = /^(agent|user):(.+)$/.exec(commonName);
  const name = match?.[2];
  if (name === undefined) return undefined;
  const agent = match?.[1] === 'agent';
  const stored = await read<StoredIdentity>(state, agent ? keys.agent(name) : keys.user(name));
  if (stored?.identity !== unit) return undefined;
  return agent ? { kind: 'agent', machine: name } : { kind: 'user', name };
}

export async function holderOfToken(state: FleetState, token: string): Promise<Principal | undefined> {
  const stored = await read<StoredToken>(state, keys.token(hash(token)));
  if (stored === undefined) return undefined;
  if (stored.guestUntil !== undefined) {
    return stored.guestUntil > state.now() ? { kind: 'guest', name: stored.user } : undefined;
  }
  if ((await state.store.get(keys.user(stored.user))) === undefined) return undefined;
  return { kind: 'user', name: stored.user };
}

interface StoredToken {
  readonly user: string;
  readonly at: number;
  /** It is for certificates of that person only, and until then. */
  readonly guestUntil?: number;
}

/** A token with which a person gets certificates for machines, and nothing else. Only its hash is stored. */
export function guestToken(who: string, guestUntil: number, now: number): Pick<NewToken, 'token' | 'set'> {
  const token = randomBytes(32).toString('base64url');
  const stored: StoredToken = { user: who, at: now, guestUntil };
  return { token, set: { [keys.token(hash(token))]: stored } };
}

/** What has to be committed for these guests' tokens to end, and for those to go that have ended. */
export async function guestTokensOf(
  state: FleetState,
  who: string | undefined,
): Promise<Readonly<Record<string, null>>> {
  const ended = (await state.store.list(keys.tokens)).entries.filter(({ value }) => {
    const { user, guestUntil } = JSON.parse(value) as StoredToken;
    return guestUntil !== undefined && (user === who || guestUntil <= state.now());
  });
  return Object.fromEntries(ended.map(({ key }) => [key, null]));
}

const hash = (token: string): string => createHash('sha256').update(token).digest('hex');

const newIdentity = (): string => randomBytes(16).toString('hex');

const refused = (why: string): BallastError =>
  new BallastError('unauthenticated', 'the enrolment token is refused', {
    why,
    fix: 'ask for a new one: `ballast machine add`',
  });

async function read<T>(state: FleetState, key: string): Promise<T | undefined> {
  const entry = await state.store.get(key);
  return entry && (JSON.parse(entry.value) as T);
}
