/**
 * A provider makes, lists and destroys machines. `create` is idempotent by name, `list` is the truth, destroying
 * what is absent succeeds. A crash at any point leaves nothing that the next call cannot finish or remove.
 */
export interface Provider {
  readonly kind: string;
  create(wanted: MachineOrder, progress: Progress, signal: AbortSignal): Promise<MachineFound>;
  list(signal: AbortSignal): Promise<readonly MachineFound[]>;
  destroy(name: string, signal: AbortSignal): Promise<void>;
  /** Only providers that own the machine's power have it. */
  readonly power?: Power;
}

export interface MachineOrder {
  readonly name: string;
  /** IPv4 address on the fleet's machine network. */
  readonly address: string;
  readonly size: { readonly cpus?: number; readonly memoryBytes?: number };
  /** Files that are there at first boot. */
  readonly seed: readonly SeedFile[];
  /** A cloud-init document that does the same, for machines that can be given no files before they boot. */
  readonly userData?: string;
}

export interface SeedFile {
  readonly path: string;
  readonly mode: number;
  readonly content?: string;
  /** A file of this machine to copy, instead of `content`. */
  readonly copyOf?: string;
  /** A symbolic link to this, instead of `content`. */
  readonly linkTo?: string;
}

export interface MachineFound {
  readonly name: string;
  readonly address: string;
  readonly state: 'running' | 'stopped';
  /** Put off on purpose, by `power.off` or `power.cut`: only `power.on` or making it again starts it. */
  readonly held: boolean;
}

export interface Power {
  /** Clean shutdown. The machine stays off until it is put on. */
  off(name: string, signal: AbortSignal): Promise<void>;
  /** As if the cable were pulled, and not plugged in again until the machine is put on. */
  cut(name: string, signal: AbortSignal): Promise<void>;
  on(name: string, signal: AbortSignal): Promise<void>;
  /** Powers on a machine that is off though nobody put it off. Answers whether it was. */
  restore(name: string, signal: AbortSignal): Promise<boolean>;
  reboot(name: string, signal: AbortSignal): Promise<void>;
  /** Takes the machine off the network, and back. */
  partition(name: string, signal: AbortSignal): Promise<void>;
  heal(name: string, signal: AbortSignal): Promise<void>;
}

export type Progress = (what: string) => void;
