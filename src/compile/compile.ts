import type { Plan, Policy } from '#plan/model.ts';
import type { Manifest } from './manifest.ts';

/** What the control plane itself contributes to every machine. Secrets are named (`name@version`), never held. */
export interface Fixtures {
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  readonly registry: RegistryFixture | null;
}

export interface RegistryFixture {
  /** The machine that runs it. */
  readonly machine: string;
  readonly port: number;
  /** PEM of its certificate. */
  readonly certificate: string;
  readonly keySecret: string;
  readonly htpasswdSecret: string;
  /** A containers auth.json with the pull-only account. */
  readonly pullAuthSecret: string;
}

export interface CompileInput {
  readonly policy: Policy;
  readonly plan: Plan;
  readonly machine: string;
  readonly fixtures: Fixtures;
}

/** All that one machine must hold under a plan. Pure. */
export function compileManifest({ plan, machine }: CompileInput): Manifest {
  return { machine, generation: plan.number, resources: [] };
}
