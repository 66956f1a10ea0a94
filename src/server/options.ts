import type { LocalSetting } from './local-machines.ts';
import type { Log } from './log.ts';
import type { CompileManifest } from './loops/manifests.ts';
import type { NextPlan } from './loops/planner.ts';

export interface ServerOptions {
  /** Everything the server keeps: store, authority, master key, admin.json. Made when it is not there. */
  readonly dataDir: string;
  /** `host:port`; port 0 takes any that is free. */
  readonly listen: readonly string[];
  /** How machines reached by ssh, and people, find the server: `host` or `host:port`. Default: where it listens. */
  readonly advertise?: readonly string[];
  /** Name of this server among servers of one fleet. */
  readonly name?: string;
  /** Where the key of the secrets is kept; best on another disk than the store. Default: in the data directory. */
  readonly masterKeyFile?: string;
  /** What making machines on this computer needs; without it the provider `local` is refused. */
  readonly local?: LocalSetting;
  readonly version?: string;
  /** Ends the server. */
  readonly signal: AbortSignal;
  readonly log?: Log;
  readonly now?: () => number;
  /** For tests of the server alone. */
  readonly nextPlan?: NextPlan;
  readonly compile?: CompileManifest;
}
