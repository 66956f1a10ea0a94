import type { MeshView } from './mesh-views.ts';
import type { Empty, Operation } from './operation.ts';

/** Operations about what carries traffic between machines: part of the table in `operations.ts`. */
export interface MeshOperations {
  mesh: { input: Empty; output: MeshView };
  rotateMeshKeys: { input: Empty; output: MeshView };
}

export const meshOperations = {
  mesh: {
    method: 'GET',
    path: '/v1/mesh',
    kind: 'call',
    role: 'user',
    summary: 'What carries containers’ traffic between machines, and by which keys',
  },
  rotateMeshKeys: {
    method: 'POST',
    path: '/v1/mesh/rotate',
    kind: 'call',
    role: 'user',
    summary: 'Have all machines make new keys for the mesh, and move to them without a break',
  },
} as const satisfies Record<keyof MeshOperations, Operation>;
