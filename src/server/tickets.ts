import { createHash, randomBytes } from 'node:crypto';
import { must } from '#base/assert.ts';
import { parseAddress } from '#base/cidr.ts';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { machinesOf, poolOf } from '#plan/machines/pool.ts';
import type { MachineRecord } from '#plan/model.ts';
import type { Control } from './control/context.ts';
import { newRecords } from './control/machine-records.ts';
import { enrolmentsOf, isEnrolled } from './identities.ts';
import { keys } from './keys.ts';
import { type Newcomer, refuseMeeting } from './newcomer.ts';
import { type Authority, requestKeyId } from './pki/authority.ts';
import type { FleetState } from './state.ts';

/** Whom a token lets in: one machine by its name, or so many of a pool, which get its next names. */
export type Admits =
  | { readonly kind: 'machine'; readonly machine: string }
  | { readonly kind: 'pool'; readonly pool: string; readonly machines: number };

/** A token that stands in a cloud-init document. Unlike an enrolment it is given out before its machine is known. */
interface StoredTicket {
  readonly admits: Admits;
  readonly expiresAt: number;
  readonly by: string;
  /** Digest of the executable that the document asks for. */
  readonly executable: string;
  /** Who came, by the key each came with: the same key may ask again, for answers get lost. */
  readonly joined: Readonly<Record<string, { readonly machine: string; readonly identity: string }>>;
}

export interface NewTicket {
  readonly token: string;
  readonly expiresAt: number;
  readonly set: Readonly<Record<string, unknown>>;
}

/** A token as it is written down, and what has to be committed for it to count. Only its hash is stored. */
export async function ticketFor(
  state: FleetState,
  wanted: Pick<StoredTicket, 'admits' | 'by' | 'executable'> & { readonly ttlMs: number },
): Promise<NewTicket> {
  const { ttlMs, ...ticket } = wanted;
  const token = randomBytes(32).toString('base64url');
  const expiresAt = state.now() + ttlMs;
  const stored: StoredTicket = { ...ticket, expiresAt, joined: {} };
  const ended = (await tickets(state)).filter(([, each]) => each.expiresAt <= state.now());
  return {
    token,
    expiresAt,
    set: { ...Object.fromEntries(ended.map(([key]) => [key, null])), [keys.ticket(hash(token))]: stored },
  };
}

/** Makes void every token that is out for a machine or a pool. Call within `exclusive`. */
export async function voidedTickets(
  state: FleetState,
  whose: { readonly machine?: string; readonly pool?: string },
): Promise<Record<string, null>> {
  const found = (await tickets(state)).filter(([, { admits }]) =>
    admits.kind === 'pool' ? admits.pool === whose.pool : admits.machine === whose.machine,
  );
  return Object.fromEntries(found.map(([key]) => [key, null]));
}

/** Digests of the executables that tokens which still count ask for. */
export async function wantedExecutables(state: FleetState): Promise<ReadonlySet<string>> {
  const open = (await tickets(state)).filter(([, { expiresAt }]) => expiresAt > state.now());
  return new Set(open.map(([, { executable }]) => executable));
}

/** Whether this token is out and its document asks for that executable. */
export async function mayDownload(state: FleetState, token: string, digest: string): Promise<boolean> {
  // Machines that the server makes hold a token of their own, and were told the executable of today.
  const own = await state.store.get(keys.enrolment(hash(token)));
  if (own !== undefined) return (JSON.parse(own.value) as { expiresAt: number }).expiresAt > state.now();
  const stored = await read(state, keys.ticket(hash(token)));
  return stored !== undefined && stored.expiresAt > state.now() && stored.executable === digest;
}

/** Lets a machine in that nobody named before. Undefined: the token is none of these. */
export async function joinByTicket(
  control: Pick<Control, 'state'>,
  authority: Authority,
  { token, csr, address, networks = [] }: Newcomer,
): Promise<{ readonly machine: string; readonly certificate: string } | undefined> {
  const { state } = control;
  const key = keys.ticket(hash(token));
  if ((await state.store.get(key)) === undefined) return undefined;
  const keyId = await requestKeyId(csr);
  return await state.exclusive(async () => {
    const ticket = await read(state, key);
    if (ticket === undefined) throw refused('it was made void');
    const { admits, joined } = ticket;
    if (ticket.expiresAt <= state.now()) {
      throw refused(`it ended ${showDuration(state.now() - ticket.expiresAt)} ago`);
    }
    const before = joined[keyId];
    if (before !== undefined) return await again(state, authority, { ...before, csr });
    const places = admits.kind === 'pool' ? admits.machines : 1;
    if (Object.keys(joined).length >= places) {
      throw refused(
        places === 1
          ? 'it was used already, with another key'
          : `it let in all ${places} machines it was for`,
      );
    }
    const machine = await nameFor(control, admits);
    refuseMeeting(state.policy, machine, networks);
    const record = await recordFor(control, machine, address);
    const identity = randomBytes(16).toString('hex');
    const certificate = await authority.forAgent(csr, machine, identity);
    const next: StoredTicket = { ...ticket, joined: { ...joined, [keyId]: { machine, identity } } };
    await state.commit({
      set: {
        ...(await enrolmentsOf(state, machine)),
        ...record.set,
        [key]: next,
        [keys.agent(machine)]: { identity, at: state.now() },
      },
      bump: true,
      events: [
        {
          kind: 'machine-enrolled',
          machine,
          by: ticket.by,
          cause: 'intentional',
          what: `${machine} (${record.address}) joined the fleet by itself, with a token${admits.kind === 'pool' ? ` of the pool ${admits.pool}` : ''}`,
        },
      ],
    });
    return { machine, certificate };
  });
}

/** Its answer got lost: it gets the same identity, as long as that still counts. */
async function again(
  state: FleetState,
  authority: Authority,
  { machine, identity, csr }: { readonly machine: string; readonly identity: string; readonly csr: string },
): Promise<{ readonly machine: string; readonly certificate: string }> {
  const entry = await state.store.get(keys.agent(machine));
  const current = entry && (JSON.parse(entry.value) as { readonly identity: string }).identity;
  if (current !== identity) throw refused(`${machine}, which it let in, is no longer part of the fleet`);
  return { machine, certificate: await authority.forAgent(csr, machine, identity) };
}

async function nameFor({ state }: Pick<Control, 'state'>, admits: Admits): Promise<string> {
  const { fleet, machines } = state.policy;
  if (admits.kind === 'machine') {
    const { machine } = admits;
    if (machines[machine]?.leaving !== undefined) throw refused(`${machine} is on its way out of the fleet`);
    if (await isEnrolled(state, machine)) throw refused(`there is a machine ${machine} already`);
    return machine;
  }
  const pool = fleet.pools[admits.pool];
  if (pool?.provider !== 'user-data') throw refused(`the fleet has no pool ${admits.pool} that others fill`);
  const free = machinesOf(pool).find((name) => !(name in machines));
  if (free !== undefined) return free;
  throw new BallastError('does-not-fit', `the pool ${pool.name} is full`, {
    why: `its count is ${pool.count ?? 1}, and so many machines have joined`,
    fix: `raise machines.${pool.name}.count in the fleet file, or put out what is gone: \`ballast machine rm\``,
  });
}

/** The record of a machine that says itself where it is. */
async function recordFor(
  control: Pick<Control, 'state'>,
  name: string,
  address: string | undefined,
): Promise<{ readonly address: string; readonly set: Readonly<Record<string, unknown>> }> {
  const { fleet, machines } = control.state.policy;
  const joinedAt = control.state.now();
  if (address === undefined || parseAddress(address) === undefined || address.startsWith('127.')) {
    throw new BallastError('bad-request', `${name} does not say at which address others reach it`, {
      why: 'machines of a fleet reach each other by IPv4',
      fix: 'give it an IPv4 address by which it reaches the server',
    });
  }
  const clash = Object.values(machines).find((other) => other.address === address && other.name !== name);
  if (clash) {
    throw new BallastError('refused', `${address} is the address of ${clash.name}`, {
      fix: `each machine needs an address of its own; is ${clash.name} gone? put it out: \`ballast machine rm ${clash.name}\``,
    });
  }
  const there = machines[name];
  if (there !== undefined) {
    const moved: MachineRecord = { ...there, address, joinedAt };
    return { address, set: { [keys.machine(name)]: moved } };
  }
  const labels = poolOf(fleet, name)?.labels ?? {};
  const made = await newRecords(control, fleet, [{ name, provider: 'user-data', labels, address, joinedAt }]);
  return { address: must(made.records[0], 'the new record').address, set: made.set };
}

async function tickets(
  state: FleetState,
): Promise<readonly (readonly [key: string, ticket: StoredTicket])[]> {
  const { entries } = await state.store.list(keys.tickets);
  return entries.map(({ key, value }) => [key, JSON.parse(value) as StoredTicket] as const);
}

async function read(state: FleetState, key: string): Promise<StoredTicket | undefined> {
  const entry = await state.store.get(key);
  return entry && (JSON.parse(entry.value) as StoredTicket);
}

const hash = (token: string): string => createHash('sha256').update(token).digest('hex');

const refused = (why: string): BallastError =>
  new BallastError('unauthenticated', 'the token is refused', {
    why,
    fix: 'ask for a new document: `ballast machine user-data`',
  });
