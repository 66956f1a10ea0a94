import { BallastError } from '#base/errors.ts';
import { poolOf } from '#plan/machines/pool.ts';
import { userData } from '#provider/user-data.ts';
import type { Executables } from '#server/executables.ts';
import { isEnrolled } from '#server/identities.ts';
import { type Admits, ticketFor, voidedTickets, wantedExecutables } from '#server/tickets.ts';
import { isMade } from '#spec/fleet-model.ts';
import { serverName } from '#wire/connection.ts';
import type { Input, Output } from '#wire/operations.ts';
import type { Control } from './context.ts';
import { unknown } from './context.ts';

/** Time a document is good for unless a longer one is asked for. */
export const documentMs = 10 * 60_000;
const documentMsMax = 366 * 86_400_000;

export interface UserDataMeans {
  readonly by: string;
  readonly executables: Executables;
  readonly ca: string;
  /** The URL by which machines find the server that nobody knows yet. */
  readonly urlForStrangers: (reachedAt: string | undefined) => string;
}

/** A cloud-init document by which machines join that others make. */
export async function makeUserData(
  control: Control,
  input: Input<'makeUserData'>,
  { by, executables, ca, urlForStrangers }: UserDataMeans,
): Promise<Output<'makeUserData'>> {
  const { state } = control;
  const { ttlMs = documentMs } = input;
  if (ttlMs < 1_000 || ttlMs > documentMsMax) {
    throw new BallastError('bad-request', 'a document is good for between a second and a year');
  }
  const server = urlForStrangers(input.reachedAt);
  const digest = await executables.keep();
  return await state.exclusive(async () => {
    const admits = await admitted(control, input);
    const ticket = await ticketFor(state, { admits, by, executable: digest, ttlMs });
    const { token, expiresAt } = ticket;
    const whom =
      admits.kind === 'machine'
        ? admits.machine
        : `${admits.machines} ${admits.machines === 1 ? 'machine' : 'machines'} of the pool ${admits.pool}`;
    const until = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z');
    await state.commit({
      set: ticket.set,
      events: [
        {
          kind: 'machine-invited',
          by,
          cause: 'intentional',
          ...(admits.kind === 'machine' ? { machine: admits.machine } : { subject: admits.pool }),
          what: `${whom} may join by user data until ${until}`,
        },
      ],
    });
    executables.tidy(await wantedExecutables(state));
    return {
      document: userData({ server, serverName, ca, token, digest, expiresAt, whom }),
      server,
      digest,
      expiresAt,
      machines: admits.kind === 'machine' ? 1 : admits.machines,
      ...(admits.kind === 'machine' ? { machine: admits.machine } : { pool: admits.pool }),
    };
  });
}

/** Makes void the tokens of all documents for a machine or a pool. Machines that have joined stay. */
export async function revokeUserData(
  { state }: Control,
  { machine, pool }: Input<'revokeUserData'>,
  by: string,
): Promise<Output<'revokeUserData'>> {
  return await state.exclusive(async () => {
    const set = await voidedTickets(state, {
      ...(machine === undefined ? {} : { machine }),
      ...(pool === undefined ? {} : { pool }),
    });
    const revoked = Object.keys(set).length;
    const whose = pool === undefined ? (machine ?? '') : `the pool ${pool}`;
    const what = `the user data of ${whose} lets nobody in any more`;
    if (revoked > 0) {
      await state.commit({ set, events: [{ kind: 'invitation-revoked', by, cause: 'intentional', what }] });
    }
    return { revoked };
  });
}

/** Whom the document is to let in; refuses what could never join. */
async function admitted({ state }: Control, input: Input<'makeUserData'>): Promise<Admits> {
  const { fleet, machines } = state.policy;
  const { machine, pool: poolName } = input;
  if ((machine === undefined) === (poolName === undefined)) {
    throw new BallastError('bad-request', 'the document is for a machine or for a pool: name one of them');
  }
  if (poolName !== undefined) {
    const pool = fleet.pools[poolName];
    if (pool === undefined) throw unknown('pool', poolName, Object.keys(fleet.pools));
    if (pool.provider !== 'user-data') throw notOthers(`the pool ${poolName}`, pool.provider);
    if (pool.count === undefined) return { kind: 'machine', machine: pool.name };
    return { kind: 'pool', pool: pool.name, machines: input.machines ?? 1 };
  }
  const name = machine ?? '';
  const pool = poolOf(fleet, name);
  if (pool !== undefined && isMade(pool.provider)) throw notOthers(name, pool.provider);
  if (machines[name]?.leaving !== undefined || (await isEnrolled(state, name))) {
    throw new BallastError('refused', `there is a machine ${name} already`, {
      fix: `choose another name, or put it out first: \`ballast machine rm ${name}\``,
    });
  }
  if (input.machines !== undefined && input.machines !== 1) {
    throw new BallastError('bad-request', `${name} is one machine`, {
      fix: 'a document for several is made for a pool: `ballast machine user-data --pool POOL --machines N`',
    });
  }
  return { kind: 'machine', machine: name };
}

const notOthers = (what: string, provider: string): BallastError =>
  new BallastError('refused', `${what} needs no user data: its provider is ${provider}`, {
    fix: 'for machines that others make, give the pool `provider: user-data` in the fleet file',
  });
