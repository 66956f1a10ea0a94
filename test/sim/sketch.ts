import type { FleetModel, ReserveModel } from '#spec/fleet-model.ts';
import type { ServiceModel } from '#spec/model.ts';

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

/** The service as one whose replicas share the network of another's. */
export const beside = (
  owner: string,
  companion: ServiceModel,
  deploy: Partial<ServiceModel['deploy']> = {},
): ServiceModel => ({
  ...companion,
  networkMode: 'service',
  networkOf: owner,
  networks: {},
  dependsOn: [{ service: owner, condition: 'started', restart: true, required: true }],
  deploy: { ...companion.deploy, ...deploy },
});
