import { BallastError } from '#base/errors.ts';
import type { Progress } from '#provider/port.ts';
import { type Finding, obstacles } from './findings.ts';
import { type Inspection, type InspectOptions, inspectOverSsh } from './inspect.ts';
import { quoteAll } from './quote.ts';
import type { SshSession } from './session.ts';
import { showTarget } from './target.ts';

const installTimeoutMs = 15 * 60_000;

/** Installs what a machine lacks, and only that. Throws with all findings that it cannot mend, before any change. */
export async function prepareOverSsh(
  session: SshSession,
  options: InspectOptions,
  progress: Progress,
): Promise<Inspection> {
  const before = await inspectOverSsh(session, options);
  refuseObstacles(session, before.findings);
  const packages = [...new Set(before.findings.flatMap((finding) => finding.packages ?? []))].sort();
  if (packages.length === 0) return before;
  progress(`installing ${packages.join(', ')}`);
  await session.script(installScript(packages), { timeoutMs: installTimeoutMs }).catch((cause: unknown) => {
    if (!(cause instanceof BallastError && cause.code === 'command-failed')) throw cause;
    throw new BallastError(
      'command-failed',
      `packages could not be installed on ${showTarget(session.target)}`,
      {
        cause,
        fix: `see why, on the machine: apt-get install ${packages.join(' ')}`,
        log: cause.detail.log ?? [],
      },
    );
  });
  const after = await inspectOverSsh(session, options);
  refuseObstacles(session, after.findings);
  return after;
}

function refuseObstacles({ target }: SshSession, findings: readonly Finding[]): void {
  const found = obstacles(findings);
  if (found.length === 0) return;
  throw new BallastError('not-supported', `${showTarget(target)} cannot be a machine of the fleet yet`, {
    problems: found.map(({ id, what, fix }) => ({ code: id, what, ...(fix === undefined ? {} : { fix }) })),
  });
}

/**
 * Installs packages without asking anything. The lists of packages are fetched only when they are absent or too old
 * to be of use. Another package manager at work is waited for.
 */
export const installScript = (packages: readonly string[]): string =>
  `set -e\n${installLines(quoteAll(packages))}`;

/** The same as lines of a longer script; `words` are packages as a shell reads them. */
export const installLines = (words: string): string => `export DEBIAN_FRONTEND=noninteractive LC_ALL=C
options='-q -y --no-install-recommends -o DPkg::Lock::Timeout=300'
apt-get install $options ${words} </dev/null || {
  apt-get update -q -o DPkg::Lock::Timeout=300 </dev/null
  apt-get install $options ${words} </dev/null
}
`;
