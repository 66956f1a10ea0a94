export interface AgentOptions {
  readonly configFile?: string;
  readonly stateDir?: string;
  /** Ends the agent. Containers run on. */
  readonly signal: AbortSignal;
}
