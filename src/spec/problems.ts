import type { Origin, Problem } from '#base/result.ts';

/** The second halves of all codes. A code is a promise: it keeps its meaning for ever. */
export type ProblemCode =
  | 'bad-address'
  | 'bad-constraint'
  | 'bad-env-file'
  | 'bad-host'
  | 'bad-image'
  | 'bad-interpolation'
  | 'bad-mount'
  | 'bad-name'
  | 'bad-network'
  | 'bad-port'
  | 'bad-value'
  | 'conflict'
  | 'dependency-cycle'
  | 'duplicate-key'
  | 'duplicate-machine'
  | 'duplicate-mount'
  | 'extends-cycle'
  | 'ignored-key'
  | 'inactive-service'
  | 'include-conflict'
  | 'include-cycle'
  | 'ingress-clash'
  | 'missing-build-context'
  | 'missing-config-file'
  | 'missing-containerfile'
  | 'missing-env-file'
  | 'missing-file'
  | 'missing-key'
  | 'missing-label-file'
  | 'missing-secret-file'
  | 'missing-variable'
  | 'network-overlap'
  | 'network-too-small'
  | 'never-completes'
  | 'no-healthcheck'
  | 'no-image'
  | 'no-machines'
  | 'no-source'
  | 'port-clash'
  | 'port-not-fixed'
  | 'refused-key'
  | 'refused-value'
  | 'relative-bind'
  | 'reserved-account'
  | 'too-large'
  | 'undefined-config'
  | 'undefined-group'
  | 'undefined-network'
  | 'undefined-secret'
  | 'undefined-user'
  | 'undefined-variable'
  | 'undefined-volume'
  | 'unknown-key'
  | 'unknown-machine'
  | 'unknown-service'
  | 'unknown-tag'
  | 'unset-variable'
  | 'wrong-type'
  | 'yaml';

/** What a problem says beside its code: `what` is wrong, `why` the rule exists, `fix` what to do next. */
export interface Complaint {
  readonly what: string;
  readonly why?: string | undefined;
  readonly fix?: string | undefined;
  readonly at?: Origin | undefined;
}

/** Collects every problem of a file. The same one met twice, as through `extends` or an anchor, is kept once. */
export interface Problems {
  readonly add: (code: ProblemCode, complaint: Complaint) => void;
  readonly warn: (code: ProblemCode, complaint: Complaint) => void;
  readonly found: () => readonly Problem[];
  readonly warnings: () => readonly Problem[];
}

/** `prefix` is the first half of every code: `compose` gives `compose/unknown-key`. */
export function collectProblems(prefix: string): Problems {
  const errors = new Map<string, Problem>();
  const warnings = new Map<string, Problem>();
  const put = (into: Map<string, Problem>, code: ProblemCode, { what, why, fix, at }: Complaint): void => {
    const place = at === undefined ? what : `${at.file}:${at.line}:${at.column}`;
    const id = `${code} ${place}`;
    if (into.has(id)) return;
    into.set(id, {
      code: `${prefix}/${code}`,
      what,
      ...(why === undefined ? {} : { why }),
      ...(fix === undefined ? {} : { fix }),
      ...(at === undefined ? {} : { at }),
    });
  };
  return {
    add: (code, complaint) => put(errors, code, complaint),
    warn: (code, complaint) => put(warnings, code, complaint),
    found: () => sorted(withoutEchoes(errors)),
    warnings: () => sorted(warnings),
  };
}

/** What is wrong with a value in which a required variable is missing is wrong for that very reason. */
function withoutEchoes(problems: ReadonlyMap<string, Problem>): ReadonlyMap<string, Problem> {
  const place = ({ at }: Problem): string => (at ? `${at.file}:${at.line}:${at.column}` : '');
  const isMissing = ({ code }: Problem): boolean => code.endsWith('/missing-variable');
  const missing = new Set([...problems.values()].filter(isMissing).map(place));
  return new Map(
    [...problems].filter(
      ([, problem]) => problem.at === undefined || isMissing(problem) || !missing.has(place(problem)),
    ),
  );
}

/** In the order in which a reader meets them: by file as first met, then by line and column. */
function sorted(problems: ReadonlyMap<string, Problem>): readonly Problem[] {
  const files = new Map<string, number>();
  for (const { at } of problems.values()) {
    if (at !== undefined && !files.has(at.file)) files.set(at.file, files.size);
  }
  const rank = ({ at }: Problem): readonly number[] =>
    at === undefined ? [files.size, 0, 0] : [files.get(at.file) ?? 0, at.line, at.column];
  return [...problems.values()].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const first = left.findIndex((value, index) => value !== right[index]);
    return first < 0 ? 0 : (left[first] ?? 0) - (right[first] ?? 0);
  });
}
