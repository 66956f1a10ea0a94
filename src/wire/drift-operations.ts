import type { DriftView, MachineExplanation, RepairView } from './drift-views.ts';
import type { Operation } from './operation.ts';

/** Operations about what machines hold and what differs there: part of the table in `operations.ts`. */
export interface DriftOperations {
  drift: { input: { machine?: string }; output: DriftView };
  /** `resource`: a pattern of ids; absent: everything. Settles when what can be put right is. */
  repairMachine: { input: { machine: string; resource?: string }; output: RepairView };
  explainMachine: { input: { machine: string }; output: MachineExplanation };
}

export const driftOperations = {
  drift: {
    method: 'GET',
    path: '/v1/drift',
    kind: 'call',
    role: 'user',
    summary: 'What differs on machines though nobody asked for it',
  },
  repairMachine: {
    method: 'POST',
    path: '/v1/machines/:machine/repair',
    kind: 'call',
    role: 'user',
    summary: 'Put right what differs on a machine, once, whatever the fleet file says',
  },
  explainMachine: {
    method: 'GET',
    path: '/v1/machines/:machine/resources',
    kind: 'call',
    role: 'user',
    summary: 'All that a machine is to hold, and who asked for it',
  },
} as const satisfies Record<keyof DriftOperations, Operation>;
