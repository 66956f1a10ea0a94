import { principalOf, type StandingRule } from '#plan/access.ts';

/**
 * The principals that open one account of one machine, each with the limits of its rule. The first that fits a
 * certificate counts. What is granted for everywhere and what was issued for this machine only stand both.
 */
export function principalsText(rules: readonly StandingRule[], machine: string): string {
  const lines = new Set(
    rules.flatMap((rule) => {
      const options = optionsOf(rule);
      return [undefined, machine].map((place) => `${options}${principalOf(rule.who, rule.as, place)}\n`);
    }),
  );
  return `# Kept by Ballast: certificates that open this account.\n${[...lines].sort().join('')}`;
}

function optionsOf({ command, from }: StandingRule): string {
  const options = [
    ...(from.length === 0 ? [] : [`from="${from.join(',')}"`]),
    // Whoever may run one command only may not open ways around it either.
    ...(command === undefined ? [] : ['restrict', 'pty', `command="${quoted(command)}"`]),
  ];
  return options.length === 0 ? '' : `${options.join(',')} `;
}

/** Within an option's quotes only a quote has to be told from the end. */
const quoted = (text: string): string => text.replaceAll('"', '\\"');
