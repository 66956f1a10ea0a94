import { showSize } from '#base/size.ts';
import { amountOf, type Room } from '#plan/capacity.ts';
import type { ConstraintModel, ServiceModel } from '#spec/model.ts';
import { addressesMax } from './address.ts';

export interface PlaceInput {
  readonly app: string;
  readonly service: ServiceModel;
  /** Of the service's containers as they are to be. */
  readonly digest: string;
  readonly rooms: readonly Room[];
  /** Machines that are there but take no new replicas. */
  readonly closed?: readonly string[];
  /** The machine that holds a volume of the service, when one does. */
  readonly pinnedTo?: { readonly machine: string; readonly volume: string };
}

export type Placed =
  | { readonly ok: true; readonly room: Room; readonly reason: string }
  | { readonly ok: false; readonly why: string };

/** Chooses the machine for one more replica, and says why, or why there is none. Pure. */
export function place(input: PlaceInput): Placed {
  const { rooms } = input;
  if (rooms.length === 0) return { ok: false, why: nowhere(input) };
  const judged = rooms.map((room) => ({ room, obstacle: obstacle(input, room) }));
  const fitting = judged.filter(({ obstacle: found }) => found === undefined).map(({ room }) => room);
  if (fitting.length === 0) return { ok: false, why: whyNot(input, judged) };
  const ranked = fitting
    .map((room) => ({ room, rank: rank(input, room) }))
    .sort((a, b) => compareRanks(a.rank, b.rank));
  const [best] = ranked;
  if (best === undefined) return { ok: false, why: 'no machine is online' };
  return { ok: true, room: best.room, reason: reasonFor(input, best.room, fitting.length) };
}

const nowhere = ({ closed = [] }: PlaceInput): string =>
  closed.length === 0 ? 'no machine is online' : `no machine takes replicas: ${showNames(closed)}: closed`;

/** What forbids this machine, or undefined. Resource shortage is told apart, since a person can mend it. */
function obstacle(input: PlaceInput, room: Room): Obstacle | undefined {
  const { service, pinnedTo } = input;
  const { machine, free } = room;
  if (pinnedTo && pinnedTo.machine !== machine.name) {
    return { kind: 'rule', text: `volume ${pinnedTo.volume} lives on ${pinnedTo.machine}` };
  }
  const full = room.conditions.find(({ kind }) => kind === 'disk-pressure');
  if (full) return { kind: 'rule', text: `is under disk pressure (${full.what})` };
  // One that stands beside another shares its address.
  if (!room.hasAddress && service.networkMode !== 'service')
    return { kind: 'rule', text: `all ${addressesMax} container addresses are taken` };
  const broken = service.deploy.constraints.find((constraint) => !satisfies(constraint, room));
  if (broken) return { kind: 'rule', text: `constraint ${showConstraint(broken)}` };
  const here = own(input, room);
  const most = service.deploy.maxPerMachine;
  if (most !== undefined && here >= most) return { kind: 'rule', text: `max_replicas_per_node ${most}` };
  if (here > 0 && service.ports.some((port) => port.mode === 'host')) {
    return { kind: 'rule', text: 'a replica already has the host port there' };
  }
  const need = amountOf(service.deploy.reservations);
  if (need.memoryBytes > free.memoryBytes) {
    return { kind: 'short', resource: 'memory', missing: need.memoryBytes - free.memoryBytes };
  }
  if (need.cpus > free.cpus + 1e-9)
    return { kind: 'short', resource: 'cpus', missing: need.cpus - free.cpus };
  return undefined;
}

type Obstacle =
  | { readonly kind: 'rule'; readonly text: string }
  | { readonly kind: 'short'; readonly resource: 'memory' | 'cpus'; readonly missing: number };

function whyNot(
  input: PlaceInput,
  judged: readonly { room: Room; obstacle: Obstacle | undefined }[],
): string {
  const short = judged
    .flatMap(({ room, obstacle: found }) => (found?.kind === 'short' ? [{ room, ...found }] : []))
    .sort((a, b) => a.missing - b.missing);
  const [nearest] = short;
  if (nearest) {
    const need = amountOf(input.service.deploy.reservations);
    const { name } = nearest.room.machine;
    const rest = judged.length > short.length ? `; ${rules(judged)}` : '';
    return nearest.resource === 'memory'
      ? `needs ${showSize(need.memoryBytes)} of memory; the best machine, ${name}, has ` +
          `${showSize(Math.max(0, nearest.room.free.memoryBytes))} free: ${showSize(nearest.missing)} short${rest}`
      : `needs ${need.cpus} cpus; the best machine, ${name}, has ${showCpus(nearest.room.free.cpus)} free: ` +
          `${showCpus(nearest.missing)} short${rest}`;
  }
  return `no machine is allowed: ${rules(judged)}`;
}

/** Machines that are kept out, by what keeps them out. */
function rules(judged: readonly { room: Room; obstacle: Obstacle | undefined }[]): string {
  const machines = new Map<string, string[]>();
  for (const { room, obstacle: found } of judged) {
    if (found?.kind === 'rule')
      machines.set(found.text, [...(machines.get(found.text) ?? []), room.machine.name]);
  }
  return [...machines].map(([text, names]) => `${showNames(names)}: ${text}`).join('; ');
}

const showNames = (names: readonly string[]): string =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');

const showCpus = (cpus: number): string => String(Math.max(0, Math.round(cpus * 100) / 100));

/**
 * Smaller is better, the first difference decides: no want of memory, spread over labels, then over machines, then fewest replicas of
 * all, then free room. Only replicas that are to stay count: in a rolling update the others are about to go.
 */
function rank(input: PlaceInput, room: Room): readonly number[] {
  const { service, rooms } = input;
  const perLabel = service.deploy.spread.map((key) => {
    const value = labelOf(key, room);
    return sum(rooms.filter((other) => labelOf(key, other) === value).map((other) => staying(input, other)));
  });
  const { free, replicas, machine, conditions } = room;
  const pressed = conditions.some(({ kind }) => kind === 'memory-pressure') ? 1 : 0;
  return [
    pressed,
    ...perLabel,
    staying(input, room),
    replicas.length,
    -free.memoryBytes,
    -free.cpus,
    machine.index,
  ];
}

/** How many replicas of the service the machine has already. */
const own = ({ app, service }: PlaceInput, room: Room): number =>
  room.replicas.filter((replica) => replica.app === app && replica.service === service.name).length;

/** Those among them that are of the make being placed. */
const staying = ({ app, service, digest }: PlaceInput, room: Room): number =>
  room.replicas.filter(
    (replica) => replica.app === app && replica.service === service.name && replica.digest === digest,
  ).length;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

const labelOf = (key: string, room: Room): string | undefined =>
  valueOf(key.startsWith('node.') ? key : `node.labels.${key}`, room);

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined || left === right) continue;
    return left < right ? -1 : 1;
  }
  return 0;
}

function reasonFor(input: PlaceInput, room: Room, choices: number): string {
  const { service, pinnedTo } = input;
  if (pinnedTo) return `volume ${pinnedTo.volume} lives here`;
  if (choices === 1) return 'the only machine that fits';
  const here = staying(input, room);
  const count = here === 0 ? `no ${service.name} yet` : `fewest ${service.name} (${here})`;
  return `${count}, ${showSize(Math.max(0, room.free.memoryBytes))} free`;
}

export function satisfies(constraint: ConstraintModel, room: Room): boolean {
  return (valueOf(constraint.key, room) === constraint.value) === constraint.equal;
}

/** The value of `node.labels.zone`, `node.hostname` and their like; undefined when the machine has none. */
function valueOf(key: string, room: Room): string | undefined {
  if (key.startsWith('node.labels.')) return room.machine.labels[key.slice('node.labels.'.length)];
  switch (key) {
    case 'node.hostname':
      return room.machine.name;
    case 'node.id':
      return room.machine.name;
    case 'node.platform.arch':
      return room.arch;
    case 'node.platform.os':
      return 'linux';
    default:
      return undefined;
  }
}

const showConstraint = ({ key, equal, value }: ConstraintModel): string =>
  `${key} ${equal ? '==' : '!='} ${value}`;
