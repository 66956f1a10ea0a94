import type { PathAnswer, PathQuestion } from '#wire/path-messages.ts';

/** What is to be tried from within a container's network, as it stands on standard input. */
export type Try = Extract<PathQuestion, { kind: 'connect' | 'resolve' }>;

export type Tried = Extract<PathAnswer, { kind: 'connect' | 'resolve' | 'failed' }>;

export interface TriesInside {
  /** Name servers, as the container's resolv.conf has them. */
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly tries: readonly Try[];
}
