import type { Completes, Flags, FlagValues } from './flags.ts';
import type { Shell } from './shell.ts';

/** A positional argument. */
export interface Argument {
  /** `SERVICE`, `KEY=VALUE`. */
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  /** Takes all that follow. */
  readonly many?: boolean;
  /** Everything from here on is passed on as it is, flags too. */
  readonly rest?: boolean;
  readonly completes?: Completes;
}

export interface Example {
  readonly does: string;
  readonly line: string;
}

/** One command: parsing, help and completion all read this description of it. */
export interface Command<F extends Flags = Flags> {
  /** A paragraph or two for `--help`, after the summary. */
  readonly details?: string;
  readonly args: readonly Argument[];
  readonly flags: F;
  readonly examples: readonly Example[];
  /** Does it. Answers with the exit code; throws a BallastError when it cannot. */
  readonly run: (given: Given<F>, shell: Shell) => Promise<number>;
}

export interface Given<F extends Flags> {
  readonly flags: FlagValues<F> & FlagValues<typeof globalFlags>;
  readonly args: readonly string[];
}

/** Lets the compiler know each flag's type inside `run`, and forget it outside. */
export function command<const F extends Flags>(described: Command<F>): Command {
  return described as unknown as Command;
}

/** Flags that every command understands. */
export const globalFlags = {
  context: {
    kind: 'text',
    short: 'c',
    value: 'NAME',
    summary: 'the fleet to talk to (default: $BALLAST_CONTEXT, then the current context)',
    completes: 'context',
  },
  json: { kind: 'switch', summary: 'machine-readable output: the same as -o json; errors are JSON too' },
  quiet: { kind: 'switch', short: 'q', summary: 'no progress and no notes: only results and errors' },
  'no-color': { kind: 'switch', summary: 'no colours (NO_COLOR does the same)' },
  help: { kind: 'switch', short: 'h', summary: 'show this help' },
} as const satisfies Flags;

export const outputFlag = {
  output: {
    kind: 'choice',
    short: 'o',
    choices: ['table', 'wide', 'json', 'yaml', 'name'],
    summary: 'how to print it',
  },
} as const satisfies Flags;

/** For answers that are no list, which has no names to print. */
export const formFlag = {
  output: { ...outputFlag.output, choices: ['table', 'wide', 'json', 'yaml'] },
} as const satisfies Flags;

export const appFlag = {
  app: {
    kind: 'text',
    short: 'a',
    value: 'APP',
    summary: 'the app (default: $BALLAST_APP, the Compose file here, or the only one that fits)',
    completes: 'app',
  },
} as const satisfies Flags;

export const filesFlag = {
  file: {
    kind: 'list',
    short: 'f',
    value: 'FILE',
    summary: 'a Compose file; several are merged in order (default: compose.yaml and its override here)',
    completes: 'file',
  },
  profile: { kind: 'list', value: 'NAME', summary: 'a profile to switch on; may be repeated' },
  'project-name': { kind: 'text', value: 'NAME', summary: 'call the app this, whatever the file says' },
  'env-file': {
    kind: 'list',
    value: 'FILE',
    summary: 'values for ${…} in the Compose file (default: .env beside it)',
    completes: 'file',
  },
} as const satisfies Flags;

export const waitFlags = {
  detach: { kind: 'switch', short: 'd', summary: 'do not wait until it is healthy' },
  timeout: { kind: 'duration', value: 'TIME', positive: true, summary: 'how long to wait (default: 10m)' },
} as const satisfies Flags;

export const yesFlag = {
  yes: { kind: 'switch', short: 'y', summary: 'do not ask (BALLAST_YES=1 does the same)' },
} as const satisfies Flags;
