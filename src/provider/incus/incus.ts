import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import type { MachineFound, MachineOrder, Power, Progress, Provider } from '#provider/port.ts';
import { explained, IncusRefusal, openApi } from './api.ts';
import { pushFiles, seedOf } from './files.ts';
import {
  checkOrder,
  type IncusFleet,
  type IncusOptions,
  incusFleet,
  patch,
  startOf,
  stopOf,
} from './fleet.ts';
import { differing, found, type Instance, instanceRequest, labels, limits } from './instance.ts';
import { incusPower } from './power.ts';

export interface IncusProvider extends Provider {
  readonly kind: 'incus';
  readonly power: Power;
  /** Lets go of connections. */
  readonly close: () => void;
}

/** The provider of machines that are instances of an Incus server, over its HTTPS API. */
export function createIncusProvider(options: IncusOptions): IncusProvider {
  const api = openApi(options.access, options.project);
  const fleet = incusFleet(options, api);
  const taken = new Map<string, string>();
  const plain: Provider & { readonly power: Power } = {
    kind: 'incus',
    power: incusPower(fleet),
    create: async (order, progress, signal) => {
      checkOrder(fleet, order);
      return await fleet.alone(order.name, () => create(fleet, order, { progress, taken }, signal));
    },
    list: async (signal) => (await fleet.all(signal)).map(found),
    destroy: (name, signal) => fleet.alone(name, () => destroy(fleet, name, signal)),
  };
  const told = explaining(options.access);
  return { ...told(plain), kind: 'incus', power: told(plain.power), close: api.close };
}

/** The same functions, whose refusals nobody looked into are told as what people are told. */
const explaining =
  (access: IncusOptions['access']) =>
  <T extends object>(functions: T): T =>
    Object.fromEntries(
      Object.entries(functions).map(([name, value]: [string, unknown]) => [
        name,
        typeof value !== 'function'
          ? value
          : async (...given: unknown[]): Promise<unknown> => {
              try {
                return await (value as (...all: unknown[]) => Promise<unknown>)(...given);
              } catch (cause) {
                throw explained(access, cause);
              }
            },
      ]),
    ) as T;

async function create(
  fleet: IncusFleet,
  order: MachineOrder,
  { progress, taken }: { readonly progress: Progress; readonly taken: Map<string, string> },
  signal: AbortSignal,
): Promise<MachineFound> {
  const { name, address } = order;
  let there = await fleet.find(name, signal);
  if (there === undefined) {
    // Those that are being made are not all in Incus' list yet.
    const other = [...taken].find(([, each]) => each === address)?.[0];
    if (other !== undefined) throw addressTaken(order, other);
    taken.set(name, address);
    try {
      await refuseTaken(fleet, order, signal);
      progress(`making the instance ${name}`);
      await make(fleet, order, signal);
    } finally {
      taken.delete(name);
    }
  }
  // One that is still being made by a call before this one is finished first.
  await fleet.api.settle(name, signal);
  there = await fleet.existing(name, signal);
  const had = there.config[labels.address] ?? '';
  if (had !== address) {
    throw new BallastError('conflict', `${name} has the address ${had}, not ${address}`, {
      fix: `remove the machine first: ballast machine rm ${name}`,
    });
  }
  await bringUpToDate(fleet, order, there, signal);
  await fleet.until(startOf(fleet, name), signal);
  return { name, address, state: 'running', held: false };
}

async function refuseTaken(fleet: IncusFleet, order: MachineOrder, signal: AbortSignal): Promise<void> {
  const all = await fleet.all(signal);
  const other = all.find(({ config }) => config[labels.address] === order.address);
  if (other !== undefined) throw addressTaken(order, other.name);
}

const addressTaken = ({ name, address }: MachineOrder, other: string): BallastError =>
  new BallastError('conflict', `${name} cannot have the address ${address}: ${other} has it`);

async function make(fleet: IncusFleet, order: MachineOrder, signal: AbortSignal): Promise<void> {
  const { api, options } = fleet;
  const { name } = order;
  const setting = options.settingOf(name);
  if (setting.imageServer === undefined) await refuseUnknownImage(fleet, setting.image, signal);
  try {
    const body = instanceRequest(options.fleet, order, setting);
    await api.change({ method: 'POST', path: '/1.0/instances', body }, signal);
  } catch (cause) {
    if (!(cause instanceof IncusRefusal)) throw cause;
    // Another made it meanwhile, or the answer to an earlier request came late: then it is there.
    await api.settle(name, signal);
    if ((await fleet.find(name, signal)) !== undefined) return;
    throw explained(
      options.access,
      cause,
      `${name} could not be made on the Incus server ${options.access.name}`,
    );
  }
}

async function refuseUnknownImage(
  { api, options }: IncusFleet,
  image: string,
  signal: AbortSignal,
): Promise<void> {
  const at = encodeURIComponent(image);
  const alias = await api.get(`/1.0/images/aliases/${at}`, signal);
  if (alias !== undefined || (await api.get(`/1.0/images/${at}`, signal)) !== undefined) return;
  throw new BallastError('image-not-found', `the Incus server ${options.access.name} has no image ${image}`, {
    fix: 'see on it which there are: incus image list; or have it fetched, by image_server in the fleet file',
  });
}

/** Gives an instance the size and the files that are wanted now, those of them that it does not have. */
async function bringUpToDate(
  fleet: IncusFleet,
  order: MachineOrder,
  there: Instance,
  signal: AbortSignal,
): Promise<void> {
  const { name, size, seed, userData } = order;
  const vm = there.type === 'virtual-machine';
  const config = differing(there, {
    ...limits(size, vm ? 'vm' : 'container'),
    [labels.held]: '',
    ...(vm && userData !== undefined ? { 'cloud-init.user-data': userData } : {}),
  });
  if (Object.keys(config).length > 0) await patch(fleet, name, { config }, signal);
  if (vm) {
    // It reads its files when it boots, and boots as another instance once they are others.
    if ('cloud-init.user-data' in config) await fleet.until(stopOf(fleet, name, true), signal);
    return;
  }
  const wanted = seedOf(seed);
  const had = seedIn(there);
  const missing = seed.filter(({ path }) => had[path] !== wanted[path]);
  if (missing.length > 0) {
    try {
      await pushFiles(fleet.api, name, missing, signal);
    } catch (cause) {
      throw explained(fleet.options.access, cause, `${name} could not be given its files`);
    }
  }
  if (same(had, wanted)) return;
  await patch(fleet, name, { config: { [labels.seed]: JSON.stringify(wanted) } }, signal);
}

function seedIn({ config }: Instance): Readonly<Record<string, string>> {
  try {
    return JSON.parse(config[labels.seed] ?? '{}') as Readonly<Record<string, string>>;
  } catch {
    return {}; // somebody wrote over it: all files are given anew
  }
}

async function destroy(fleet: IncusFleet, name: string, signal: AbortSignal): Promise<void> {
  const there = await fleet.find(name, signal).catch((cause: unknown) => {
    // What bears its name is not ours: ours is gone.
    if (cause instanceof BallastError && cause.code === 'conflict') return undefined;
    throw cause;
  });
  if (there === undefined) return;
  await fleet.api.settle(name, signal);
  await fleet.until(stopOf(fleet, name, true), signal);
  await fleet.until(
    {
      name,
      what: 'destroyed',
      done: (instance) => instance === undefined || instance.config[labels.fleet] !== fleet.options.fleet,
      change: (until) => fleet.api.change({ method: 'DELETE', path: `/1.0/instances/${name}` }, until),
    },
    signal,
  );
}
