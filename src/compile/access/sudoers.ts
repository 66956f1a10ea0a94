import type { StandingRule } from '#plan/access.ts';

/**
 * What accounts may run as root. Where rules for one account differ, only what all of them say counts: sudo knows
 * the account and not the person. Undefined when nobody may run anything.
 */
export function sudoersText(rules: readonly StandingRule[]): string | undefined {
  const accounts = [...new Set(rules.map(({ as }) => as))].filter((account) => account !== 'root').sort();
  const lines = accounts.flatMap((account) => {
    const lists = rules.filter(({ as }) => as === account).map(({ sudo }) => sudo);
    const common = (lists[0] ?? []).filter((line) => lists.every((list) => list.includes(line)));
    return common.map(
      (line) => `${account} ALL=(root) NOPASSWD: ${line === 'ALL' ? 'ALL' : escaped(line)}\n`,
    );
  });
  return lines.length === 0
    ? undefined
    : `# Kept by Ballast: what accounts may run as root.\n${lines.join('')}`;
}

/** Signs that end a command or begin something else in sudoers. */
function escaped(line: string): string {
  const [program = '', ...args] = line.split(' ');
  const text = args.join(' ').replaceAll(/[\\,:=#]/g, '\\$&');
  // Without "" a command that was listed bare could be run with any arguments.
  return `${program.replaceAll(/[\\,:=#]/g, '\\$&')} ${args.length === 0 ? '""' : text}`;
}
