import { contains, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import type { MachineOrder } from '#provider/port.ts';
import { explained, type IncusApi, IncusRefusal } from './api.ts';
import type { IncusAccess } from './connection.ts';
import { type Instance, type InstanceSetting, isRunning, labels } from './instance.ts';

export interface IncusOptions {
  readonly fleet: string;
  readonly access: IncusAccess;
  readonly project: string;
  /** Network that machines' addresses are of. */
  readonly addresses: string;
  /** What the machine is to be made of; throws when nobody says. */
  readonly settingOf: (machine: string) => InstanceSetting;
}

/** One fleet's instances on one Incus server. */
export interface IncusFleet {
  readonly options: IncusOptions;
  readonly api: IncusApi;
  /** The instance, when it is ours; throws `conflict` when another's has its name. */
  readonly find: (name: string, signal: AbortSignal) => Promise<Instance | undefined>;
  /** The instance; throws when there is none. */
  readonly existing: (name: string, signal: AbortSignal) => Promise<Instance>;
  readonly all: (signal: AbortSignal) => Promise<readonly Instance[]>;
  /** Tries a change until what is there says that it is done. Refusals count only when it still is not. */
  readonly until: (change: StateChange, signal: AbortSignal) => Promise<void>;
  /** Runs the bodies for one machine one after the other. */
  readonly alone: <T>(name: string, body: () => Promise<T>) => Promise<T>;
}

export interface StateChange {
  readonly name: string;
  readonly what: string;
  readonly done: (instance: Instance | undefined) => boolean;
  readonly change: (signal: AbortSignal) => Promise<void>;
}

const triesMax = 5;
const pauseMs = 300;

export function incusFleet(options: IncusOptions, api: IncusApi): IncusFleet {
  const { fleet, access } = options;
  const turns = new Map<string, Promise<unknown>>();
  const isOurs = (instance: Instance): boolean => instance.config[labels.fleet] === fleet;

  const look = async (name: string, signal: AbortSignal): Promise<Instance | undefined> =>
    await api.get<Instance>(`/1.0/instances/${encodeURIComponent(name)}`, signal);

  async function find(name: string, signal: AbortSignal): Promise<Instance | undefined> {
    const there = await look(name, signal);
    if (there === undefined || isOurs(there)) return there;
    const owner = there.config[labels.fleet];
    throw new BallastError(
      'conflict',
      `there is an instance ${name} on the Incus server ${access.name} already`,
      {
        why: owner === undefined ? 'this fleet did not make it' : `it is of the fleet ${owner}`,
        fix: 'give the fleet a project of its own there, or rename the pool; the instance was left alone',
      },
    );
  }

  return {
    options,
    api,
    find,
    async existing(name, signal) {
      const there = await look(name, signal);
      if (there !== undefined && isOurs(there)) return there;
      throw new BallastError('not-found', `there is no machine ${name} on the Incus server ${access.name}`, {
        fix: 'see which there are: ballast machine ls',
      });
    },
    async all(signal) {
      const every = await api.get<readonly Instance[]>('/1.0/instances?recursion=1', signal);
      return (every ?? []).filter(isOurs).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async until({ name, what, done, change }, signal) {
      let refusal: unknown;
      for (let tries = 0; tries < triesMax; tries += 1) {
        if (done(await look(name, signal))) return;
        try {
          await change(signal);
        } catch (cause) {
          if (!(cause instanceof IncusRefusal)) throw cause;
          refusal = cause;
          await api.settle(name, signal);
          await pause(pauseMs * 2 ** tries, signal);
        }
      }
      if (done(await look(name, signal))) return;
      throw explained(access, refusal, `${name} could not be ${what} on the Incus server ${access.name}`);
    },
    async alone(name, body) {
      const before = turns.get(name) ?? Promise.resolve();
      const mine = before.catch(() => {}).then(body);
      const settled = mine.catch(() => {});
      turns.set(name, settled);
      try {
        return await mine;
      } finally {
        if (turns.get(name) === settled) turns.delete(name);
      }
    },
  };
}

/** Refuses an order that no instance there could be. */
export function checkOrder({ options }: IncusFleet, { name, address }: MachineOrder): void {
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new BallastError('bad-request', `${name} is no name for an instance`, {
      fix: 'use small letters, digits and hyphens, at most 63, beginning with a letter',
    });
  }
  const range = parseCidr(options.addresses);
  if (range !== undefined && contains(range, address)) return;
  throw new BallastError('bad-request', `${name} cannot have the address ${address}`, {
    why: `machines on the Incus server ${options.access.name} have addresses of ${options.addresses}`,
  });
}

export const startOf = (fleet: IncusFleet, name: string): StateChange => ({
  name,
  what: 'started',
  done: (instance) => instance !== undefined && isRunning(instance),
  change: (signal) => putState(fleet, name, { action: 'start' }, signal),
});

export const stopOf = (fleet: IncusFleet, name: string, force: boolean): StateChange => ({
  name,
  what: 'stopped',
  done: (instance) => instance === undefined || !isRunning(instance),
  change: (signal) => putState(fleet, name, { action: 'stop', force, timeout: stopS }, signal),
});

/** Time a machine has to shut down by itself. */
const stopS = 30;

export async function putState(
  { api }: IncusFleet,
  name: string,
  body: {
    readonly action: 'start' | 'stop' | 'restart';
    readonly force?: boolean;
    readonly timeout?: number;
  },
  signal: AbortSignal,
): Promise<void> {
  await api.change({ method: 'PUT', path: `/1.0/instances/${name}/state`, body }, signal);
}

export async function patch(
  { api, options }: IncusFleet,
  name: string,
  body: {
    readonly config?: Readonly<Record<string, string>>;
    readonly devices?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  },
  signal: AbortSignal,
): Promise<void> {
  try {
    await api.change({ method: 'PATCH', path: `/1.0/instances/${name}`, body }, signal);
  } catch (cause) {
    throw explained(options.access, cause, `${name} could not be changed on the Incus server`);
  }
}

/** For what Incus tells nobody about. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
