import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import type { Heard, PortName } from '#plan/listeners.ts';
import type { AppPolicy, Inventory, MachineRecord } from '#plan/model.ts';
import type { NextPlan } from '#server/loops/planner.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState } from '#server/state.ts';

/** What making policy needs. */
export interface Control {
  readonly state: FleetState;
  readonly secrets: Secrets;
  readonly inventory: () => Inventory;
  readonly nextPlan: NextPlan;
  /** Addresses of the computer that the server runs on. */
  readonly ownAddresses?: () => readonly string[];
  /** The URL by which a machine finds the server; throws when there is none. */
  readonly urlFor?: (machine: Pick<MachineRecord, 'provider' | 'address'>) => Promise<string>;
  /** Who listens on these ports on machines; absent: nobody can be asked. */
  readonly listeners?: (ports: readonly PortName[]) => Promise<readonly Heard[]>;
  /** Lets go of a machine's connection and of what it said. */
  readonly forget?: (machine: string) => void;
}

/** The app, or an error that suggests which one was meant. */
export function appOf({ state }: Pick<Control, 'state'>, name: string): AppPolicy {
  const app = state.policy.apps[name];
  if (app !== undefined) return app;
  throw unknown('app', name, Object.keys(state.policy.apps));
}

export function unknown(kind: string, name: string, known: readonly string[]): BallastError {
  const near = suggest(name, known);
  const there =
    known.length === 0 ? `there is no ${kind} at all` : `there are: ${known.slice(0, 10).join(', ')}`;
  return new BallastError('not-found', `there is no ${kind} ${name}`, {
    fix: near === undefined ? there : `did you mean ${near}?`,
  });
}
