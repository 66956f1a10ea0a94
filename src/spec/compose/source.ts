import type { Problems } from '#spec/problems.ts';

/** What loading needs from outside. Paths are absolute. */
export interface Source {
  /** Undefined when there is no such file, or when it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** Whether a file or directory is there; absent: nobody can tell, and nothing is said about it. */
  readonly exists?: (path: string) => boolean;
  readonly problems: Problems;
}

export type Variables = Readonly<Record<string, string>>;

export const lookupIn =
  (variables: Variables) =>
  (name: string): string | undefined =>
    Object.hasOwn(variables, name) ? variables[name] : undefined;
