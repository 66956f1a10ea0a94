/** What a replica uses at this moment. */
export interface ReplicaUsage {
  /** Processors in use: 1 is one of them all the time. */
  readonly cpus: number;
  /** What it holds and cannot give back at once. */
  readonly memoryBytes: number;
  /** Null: it has no limit. */
  readonly memoryLimitBytes: number | null;
  readonly pids: number;
}

/** What a machine uses at this moment, and each of its replicas that runs. */
export interface MachineUsage {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly replicas: Readonly<Record<string, ReplicaUsage>>;
}
