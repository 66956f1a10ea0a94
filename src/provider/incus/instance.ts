import type { MachineFound, MachineOrder } from '#provider/port.ts';

/** What a pool asks of its instances. */
export interface InstanceSetting {
  readonly type: 'container' | 'vm';
  /** Alias or fingerprint. */
  readonly image: string;
  /** A simplestreams server; absent: Incus has the image. */
  readonly imageServer?: string;
  readonly network: string;
  readonly storage?: string;
  readonly profiles: readonly string[];
}

/** An instance as Incus tells of it, as far as we look at it. */
export interface Instance {
  readonly name: string;
  readonly type: 'container' | 'virtual-machine';
  readonly status: string;
  readonly config: Readonly<Record<string, string>>;
}

/** Keys by which an instance says whose it is. They are written with it, so that none is ever there without. */
export const labels = {
  fleet: 'user.ballast.fleet',
  address: 'user.ballast.address',
  network: 'user.ballast.network',
  /** Digest of each file it was given, by path; JSON. */
  seed: 'user.ballast.seed',
  held: 'user.ballast.held',
} as const;

export const nicDevice = 'eth0';

export const nic = (network: string, address: string): Readonly<Record<string, string>> => ({
  type: 'nic',
  name: nicDevice,
  network,
  'ipv4.address': address,
});

/** The request that makes an instance, off. */
export function instanceRequest(
  fleet: string,
  { name, address, size, userData }: MachineOrder,
  { type, image, imageServer, network, storage, profiles }: InstanceSetting,
): Readonly<Record<string, unknown>> {
  const byFingerprint = imageServer === undefined && /^[0-9a-f]{12,64}$/.test(image);
  return {
    name,
    type: type === 'vm' ? 'virtual-machine' : 'container',
    profiles,
    source: {
      type: 'image',
      ...(byFingerprint ? { fingerprint: image } : { alias: image }),
      ...(imageServer === undefined ? {} : { server: imageServer, protocol: 'simplestreams', mode: 'pull' }),
    },
    config: {
      [labels.fleet]: fleet,
      [labels.address]: address,
      [labels.network]: network,
      ...Object.fromEntries(Object.entries(limits(size, type)).filter(([, value]) => value !== '')),
      // Containers run in it.
      ...(type === 'container' ? { 'security.nesting': 'true' } : {}),
      ...(type === 'vm' && userData !== undefined ? { 'cloud-init.user-data': userData } : {}),
    },
    devices: {
      [nicDevice]: nic(network, address),
      ...(storage === undefined ? {} : { root: { type: 'disk', path: '/', pool: storage } }),
    },
  };
}

/** Its size in Incus' words; an empty text takes a limit off. */
export function limits(
  { cpus, memoryBytes }: MachineOrder['size'],
  type: InstanceSetting['type'],
): Readonly<Record<string, string>> {
  const whole = cpus === undefined ? '' : String(Math.max(1, Math.ceil(cpus)));
  const part = cpus !== undefined && !Number.isInteger(cpus) ? `${Math.round(cpus * 100)}ms/100ms` : '';
  return {
    'limits.cpu': whole,
    'limits.memory': memoryBytes === undefined ? '' : `${memoryBytes}B`,
    ...(type === 'container' ? { 'limits.cpu.allowance': part } : {}),
  };
}

export const isRunning = ({ status }: Instance): boolean => status === 'Running';

export const found = (instance: Instance): MachineFound => ({
  name: instance.name,
  address: instance.config[labels.address] ?? '',
  state: isRunning(instance) ? 'running' : 'stopped',
  held: instance.config[labels.held] === 'true',
});

/** What of the wanted settings the instance does not have. */
export function differing(
  instance: Instance,
  wanted: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => (instance.config[key] ?? '') !== value),
  );
}
