import { command } from '#cli/command.ts';
import type { Check } from '#cli/doctor/check.ts';
import { fleetChecks } from '#cli/doctor/fleet-checks.ts';
import { localChecks } from '#cli/doctor/local-checks.ts';
import { wayChecks } from '#cli/doctor/way-checks.ts';
import { printData } from '#cli/render/output.ts';
import { count, tame } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';

export const doctor = command({
  details: 'Changes nothing. Ends with 1 when something is wrong.',
  args: [],
  flags: {},
  examples: [
    { does: 'What is wrong?', line: 'ballast doctor' },
    { does: 'Of another fleet, for a program', line: 'ballast doctor -c prod --json' },
  ],
  async run({ flags }, shell) {
    const [local, way] = await Promise.all([localChecks(shell), wayChecks(flags, shell)]);
    const fleet = way.context ? await fleetChecks(way.context, shell) : [];
    const checks = [...local, ...way.checks, ...fleet];
    const wrong = checks.filter(({ ok }) => !ok).length;
    if (flags.json) await printData({ ok: wrong === 0, checks }, 'json', shell);
    else for (const text of doctorLines(checks, shell)) line(shell.out, text);
    return wrong === 0 ? 0 : 1;
  },
});

/** `[ok]` and `[!!]` lines under their headings, a fix below each that is wrong, and a last line that counts. */
export function doctorLines(checks: readonly Check[], { out }: Pick<Shell, 'out'>): string[] {
  const { paint, marks } = out;
  const groups = [...new Set(checks.map(({ group }) => group))];
  const wrong = checks.filter(({ ok }) => !ok).length;
  return [
    ...groups.flatMap((group) => [
      paint.bold(group),
      ...checks
        .filter((check) => check.group === group)
        .flatMap(({ ok, what, fix }) => [
          `  ${ok ? paint.green('[ok]') : paint.red('[!!]')} ${tame(what)}`,
          ...(ok || fix === undefined
            ? []
            : fix.split('\n').map((text) => `       ${paint.cyan(marks.arrow)} ${tame(text)}`)),
        ]),
    ]),
    '',
    wrong === 0 ? 'Everything is well.' : `${count(wrong, 'thing')} to mend.`,
  ];
}
