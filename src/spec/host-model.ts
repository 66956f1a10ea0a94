/** The baseline of a machine, normalised: what it holds whatever apps it runs. Sizes in bytes, times in ms. */
export interface HostModel {
  readonly timezone?: string;
  readonly packages: Readonly<Record<string, HostPackageModel>>;
  /** By absolute path. */
  readonly directories: Readonly<Record<string, HostDirectoryModel>>;
  readonly files: Readonly<Record<string, HostFileModel>>;
  readonly groups: Readonly<Record<string, HostGroupModel>>;
  readonly users: Readonly<Record<string, HostUserModel>>;
  readonly sudo: Readonly<Record<string, HostSudoModel>>;
  /** Lines of a file of authorized keys, by user. */
  readonly sshKeys: Readonly<Record<string, readonly string[]>>;
  readonly sshd: Readonly<Record<string, string>>;
  readonly sysctl: Readonly<Record<string, string>>;
  readonly modules: Readonly<Record<string, HostModuleModel>>;
  /** By full name, as `backup.timer`. */
  readonly units: Readonly<Record<string, HostUnitModel>>;
  /** By absolute path of the mount point. */
  readonly mounts: Readonly<Record<string, HostMountModel>>;
  /** PEM of authorities that the machine is to trust, by name. */
  readonly certificates: Readonly<Record<string, string>>;
  readonly swap?: HostSwapModel;
  readonly journal: HostJournalModel;
}

export interface HostPackageModel {
  /** As apt takes it behind `=`; may end with `*`. Absent: whichever is there. */
  readonly version?: string;
  readonly hold: boolean;
  readonly absent: boolean;
}

export interface HostDirectoryModel {
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface HostFileModel extends HostDirectoryModel {
  /** Its text, unless a secret is its content. Holds `{{variables}}` when it is a template. */
  readonly content?: string;
  /** Name of the secret that is its content. */
  readonly secret?: string;
  readonly template: boolean;
  /** Units that read it once: they start anew when it changes. */
  readonly restart: readonly string[];
  /** Units that can read it again. */
  readonly reload: readonly string[];
}

export interface HostUserModel {
  readonly uid?: number;
  /** Primary group; the user's own name for one of its own. */
  readonly group: string;
  /** All other groups it is in; sorted. */
  readonly groups: readonly string[];
  readonly shell: string;
  readonly home: string;
  readonly makeHome: boolean;
  readonly comment: string;
  readonly system: boolean;
  readonly removeHome: boolean;
}

export interface HostGroupModel {
  readonly gid?: number;
  readonly system: boolean;
}

/** What users may run as somebody else, without being asked for a password. */
export interface HostSudoModel {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly as: string;
  /** Absolute path and arguments of each, or `ALL`. */
  readonly commands: readonly string[];
}

export interface HostModuleModel {
  readonly options: string;
}

export interface HostUnitModel {
  /** Its unit file; absent for a unit that is there by its package. */
  readonly content?: string;
  readonly template: boolean;
  /** Lines that are read after the unit's own file. */
  readonly dropIn?: string;
  readonly enabled: boolean;
  /** `any`: nobody says whether it is to run, as with what a timer starts. */
  readonly active: boolean | 'any';
  readonly masked: boolean;
}

export interface HostMountModel {
  readonly what: string;
  readonly type: string;
  readonly options: readonly string[];
}

export interface HostSwapModel {
  readonly path: string;
  readonly sizeBytes: number;
  readonly priority?: number;
}

export interface HostJournalModel {
  readonly maxUseBytes?: number;
  readonly keepFreeBytes?: number;
  readonly maxFileBytes?: number;
  readonly maxAgeMs?: number;
  readonly storage?: 'persistent' | 'volatile' | 'auto';
}
