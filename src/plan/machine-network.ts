/** A network that a machine has apart from the fleet's. */
export interface MachineNetwork {
  readonly interface: string;
  readonly cidr: string;
  /** By a gateway: the machine itself is not on it. */
  readonly routed?: boolean;
}
