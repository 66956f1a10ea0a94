import type { Inventory, MachineReport, Plan, ReplicaReport } from '#plan/model.ts';
import { nextPlan } from '#plan/next.ts';
import { createChanges } from '#server/changes.ts';
import type { Control } from '#server/control/context.ts';
import { applyFleet } from '#server/control/fleet.ts';
import { createSecrets } from '#server/secrets.ts';
import { FleetState } from '#server/state.ts';
import { createVault } from '#server/vault.ts';
import { createMemoryStore } from '#store/memory.ts';
import { someFleet } from './models.ts';
import { someFacts } from './test-agent.ts';

export interface TestControl extends Control {
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
  /** What machines report instead of obeying, by replica id. */
  readonly reports: Map<string, Partial<ReplicaReport>>;
  readonly offline: Set<string>;
  /** Makes plans until nothing is left to do; machines obey at once. */
  readonly rest: () => Promise<Plan>;
  /** Makes one plan. */
  readonly step: () => Promise<Plan | null>;
}

/** Policy in memory, with three machines that do as they are told and the real planner. */
export async function testControl(machines = 3): Promise<TestControl> {
  let time = 1_800_000_000_000;
  const now = () => time;
  const store = createMemoryStore({ now });
  const state = await FleetState.load(store, createChanges(now), now);
  const reports = new Map<string, Partial<ReplicaReport>>();
  const offline = new Set<string>();
  const seenAt = new Map<string, number>();

  function inventory(): Inventory {
    for (const machine of Object.keys(state.policy.machines)) {
      if (!offline.has(machine) || !seenAt.has(machine)) seenAt.set(machine, time);
    }
    const all = Object.keys(state.policy.machines).map((machine): [string, MachineReport] => [
      machine,
      {
        ...{
          machine,
          connected: !offline.has(machine),
          seenAt: seenAt.get(machine) ?? time,
          facts: someFacts,
          failures: [],
        },
        converged: state.plan.number,
        replicas: Object.fromEntries(
          Object.values(state.plan.replicas)
            .filter((replica) => replica.machine === machine)
            .map(({ id, since }) => [id, { id, state: 'running', since, restarts: 0, ...reports.get(id) }]),
        ),
      },
    ]);
    return { machines: Object.fromEntries(all) };
  }

  async function step(): Promise<Plan | null> {
    const outcome = nextPlan({ policy: state.policy, inventory: inventory(), parent: state.plan, now: time });
    if (outcome.plan !== null) await state.adopt(outcome.plan, []);
    else if (outcome.wakeAt !== null && outcome.wakeAt > time) time = outcome.wakeAt;
    else return null;
    return state.plan;
  }

  const control: TestControl = {
    ...{ state, inventory, nextPlan, reports, offline, step },
    secrets: createSecrets(state, createVault(new Uint8Array(32).fill(7))),
    pass: (ms) => {
      time += ms;
    },
    async rest() {
      for (let i = 0; i < 500; i += 1) if ((await step()) === null) return state.plan;
      throw new Error('plans do not come to rest');
    },
  };
  const pool = { name: 'app', provider: 'local', count: machines, labels: {}, size: {} } as const;
  await applyFleet(control, { ...someFleet, pools: { app: pool } }, 'test');
  return control;
}
