import type { Inventory, MachineRecord, Policy } from './model.ts';

/**
 * How far the machines are with the keys by which they talk to each other. Keys come in rounds: in each, every
 * machine makes a new one. Round 0 has none: the machines' containers talk in the clear.
 */
export interface MeshState {
  /** The round by which traffic goes. */
  readonly round: number;
  /** The round that takes its place. */
  readonly next?: MeshChange;
  /** The highest round there ever was: none is used twice. */
  readonly last: number;
  /** Since when traffic goes by this round, ms since the epoch. */
  readonly at: number;
}

export interface MeshChange {
  readonly round: number;
  /** `preparing`: both rounds are understood, traffic goes by the old one. `moving`: it goes by the new one. */
  readonly phase: 'preparing' | 'moving';
  /** Number of the first plan of which this phase is a part. */
  readonly since: number;
}

/** What the server knows of a machine's part in the mesh. */
export interface MachineMesh {
  /** `kernel`: its kernel knows WireGuard; `user`: a program does that. */
  readonly wireguard: 'kernel' | 'user';
  /** Public keys, by round. */
  readonly keys: Readonly<Record<number, string>>;
}

/** What a machine says of its part in the mesh. */
export interface MeshFacts {
  readonly wireguard: 'kernel' | 'user';
  readonly keys: Readonly<Record<string, string>>;
  readonly peers: readonly MeshPeerFacts[];
}

export interface MeshPeerFacts {
  readonly machine: string;
  readonly round: number;
  /** When the two last proved to each other who they are, ms since the epoch; 0: never. */
  readonly handshakeAt: number;
  /** Round trip to the other machine's containers. Absent: it does not answer. */
  readonly roundTripMs?: number;
}

const atRest: MeshState = { round: 0, last: 0, at: 0 };

export const meshOf = ({ mesh }: Pick<Policy, 'mesh'>): MeshState => mesh ?? atRest;

/** All rounds that machines must understand now, newest last. */
export const roundsOf = ({ round, next }: MeshState): readonly number[] =>
  [round, ...(next ? [next.round] : [])].filter((one) => one > 0).sort((a, b) => a - b);

/** The round by which traffic goes. */
export const roundInUse = ({ round, next }: MeshState): number =>
  next?.phase === 'moving' ? next.round : round;

/** Whether nothing but the mesh may carry containers' traffic between machines: not while that begins or ends. */
export const isClosed = ({ round, next }: MeshState): boolean =>
  round > 0 && (next === undefined || next.round > 0);

/** Keys older than that are replaced by new ones without being asked. */
export const keyAgeMax = 30 * 24 * 3_600_000;

export interface MeshInput {
  readonly policy: Policy;
  readonly inventory: Inventory;
  /** Number of the plan that will hold the step. */
  readonly plan: number;
  readonly now: number;
}

/** The next step of the mesh, or undefined when there is none to take yet. */
export function nextMesh(input: MeshInput): MeshState | undefined {
  const { policy, now } = input;
  const state = meshOf(policy);
  const wanted = policy.fleet.network.mesh === 'wireguard';
  const { next } = state;
  if (next === undefined) {
    if (wanted && state.round === 0) return begin(input, state);
    if (!wanted && state.round > 0) return turn(input, state, 0);
    return wanted && now - state.at >= keyAgeMax ? turn(input, state, state.last + 1) : undefined;
  }
  if (next.phase === 'preparing') {
    // People changed their minds: nothing goes by the new round yet.
    if (wanted !== next.round > 0) return { round: state.round, last: state.last, at: state.at };
    if (!isPrepared(input, next)) return undefined;
    return { ...state, next: { ...next, phase: 'moving', since: input.plan } };
  }
  return hold(input, next) ? { round: next.round, last: state.last, at: now } : undefined;
}

/** A fleet in which no machine runs anything yet begins with keys; others get there without a break. */
function begin(input: MeshInput, state: MeshState): MeshState {
  const round = state.last + 1;
  const isNew = Object.values(input.policy.machines).every(({ joinedAt }) => joinedAt === undefined);
  return isNew ? { round, last: round, at: input.now } : turn(input, state, round);
}

/** New keys for all machines, which begin to be used once all of them can. */
export const turn = ({ plan }: Pick<MeshInput, 'plan'>, state: MeshState, round: number): MeshState => ({
  ...state,
  next: { round, phase: 'preparing', since: plan },
  last: Math.max(state.last, round),
});

/** Machines that count: one that is away gets to know of everything when it returns. */
const present = ({ policy, inventory }: MeshInput): readonly MachineRecord[] =>
  Object.values(policy.machines).filter(
    ({ name, leaving }) => leaving === undefined && inventory.machines[name]?.connected === true,
  );

const hold = (input: MeshInput, { since }: MeshChange): boolean =>
  present(input).every(({ name }) => (input.inventory.machines[name]?.converged ?? 0) >= since);

/** Whether each machine has met each other by the new keys. */
function isPrepared(input: MeshInput, next: MeshChange): boolean {
  if (next.round === 0) return hold(input, next);
  return unmet(input, next.round).length === 0;
}

/** Pairs of machines that have not met by the keys of a round. */
export function unmet(
  input: Pick<MeshInput, 'policy' | 'inventory'>,
  round: number,
): readonly (readonly [string, string])[] {
  const all = present({ ...input, plan: 0, now: 0 });
  return all.flatMap(({ name }) => {
    const met = new Set(
      (input.inventory.machines[name]?.facts.mesh?.peers ?? [])
        .filter((peer) => peer.round === round && peer.handshakeAt > 0)
        .map(({ machine }) => machine),
    );
    return all
      .filter((other) => other.name !== name && !met.has(other.name))
      .map((other) => [name, other.name] as const);
  });
}

/** Machines' parts in the mesh that are otherwise than is known, and well formed. Keys of rounds that are over go. */
export function newParts({ policy, inventory }: Pick<MeshInput, 'policy' | 'inventory'>): readonly {
  readonly machine: MachineRecord;
  readonly mesh: MachineMesh;
  /** Keys that are never to be used again. */
  readonly retired: readonly string[];
}[] {
  const rounds = roundsOf(meshOf(policy));
  return Object.values(policy.machines).flatMap((machine) => {
    const { mesh: before, name } = machine;
    const said = inventory.machines[name]?.connected ? inventory.machines[name].facts.mesh : undefined;
    const keys: Record<number, string> = {};
    for (const round of rounds) {
      const key = said?.keys[round];
      const good = key !== undefined && isKey(key) && !isTaken(policy, name, key) ? key : before?.keys[round];
      if (good !== undefined) keys[round] = good;
    }
    const wireguard = said?.wireguard ?? before?.wireguard;
    if (wireguard === undefined) return [];
    const mesh: MachineMesh = { wireguard, keys };
    const kept = new Set(Object.values(keys));
    const retired = Object.values(before?.keys ?? {}).filter((key) => !kept.has(key));
    const isSame =
      before?.wireguard === wireguard &&
      retired.length === 0 &&
      Object.keys(before.keys).length === Object.keys(keys).length;
    return isSame ? [] : [{ machine, mesh, retired }];
  });
}

/** 32 bytes in base64. */
export const isKey = (text: string): boolean => /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text);

/** A key that another machine has is not this one's, whatever it says. */
const isTaken = ({ machines }: Policy, name: string, key: string): boolean =>
  Object.values(machines).some(
    (other) => other.name !== name && Object.values(other.mesh?.keys ?? {}).includes(key),
  );
