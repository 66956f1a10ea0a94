/** The baseline of a machine, normalised: what it holds whatever apps it runs. Everything is by name. */
export interface HostModel {
  readonly users: Readonly<Record<string, HostUserModel>>;
  readonly groups: Readonly<Record<string, HostGroupModel>>;
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
