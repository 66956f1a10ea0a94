import type { Empty, Operation } from './operation.ts';
import type { SecretView } from './views.ts';

/** Operations about secrets: part of the table in `operations.ts`. */
export interface SecretOperations {
  listSecrets: { input: Empty; output: { secrets: readonly SecretView[] } };
  setSecret: { input: { secret: string; value: string }; output: SecretView };
  removeSecret: { input: { secret: string }; output: Empty };
}

export const secretOperations = {
  listSecrets: {
    method: 'GET',
    path: '/v1/secrets',
    kind: 'call',
    role: 'user',
    summary: 'Names and versions of secrets',
  },
  setSecret: {
    method: 'PUT',
    path: '/v1/secrets/:secret',
    kind: 'call',
    role: 'user',
    summary: 'Store a new version of a secret',
  },
  removeSecret: {
    method: 'DELETE',
    path: '/v1/secrets/:secret',
    kind: 'call',
    role: 'user',
    summary: 'Forget a secret',
  },
} as const satisfies Record<keyof SecretOperations, Operation>;
