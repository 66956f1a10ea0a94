import type { FleetModel, ReserveModel } from '#spec/fleet-model.ts';

/** A machine of a test, as far as the test cares. */
export interface MachineSketch {
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** What its pool keeps back. */
  readonly reserve?: ReserveModel;
}

/** Machines that keep something back are pools of their own. */
export const poolsOf = (machines: Readonly<Record<string, MachineSketch>>): FleetModel['pools'] =>
  Object.fromEntries(
    Object.entries(machines).flatMap(([name, { reserve }]) =>
      reserve ? [[name, { name, provider: 'local' as const, labels: {}, size: {}, reserve }]] : [],
    ),
  );
