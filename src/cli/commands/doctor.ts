import { BallastError } from '#base/errors.ts';
import { appMeant } from '#cli/app-meant.ts';
import { appFlag, command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import type { Check } from '#cli/doctor/check.ts';
import { fleetChecks } from '#cli/doctor/fleet-checks.ts';
import { localChecks } from '#cli/doctor/local-checks.ts';
import { pathChecks } from '#cli/doctor/path-checks.ts';
import { wayChecks } from '#cli/doctor/way-checks.ts';
import { printData } from '#cli/render/output.ts';
import { count, tame } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';

export const doctor = command({
  details: `Changes nothing. Ends with 1 when something is wrong.

With --from and --to the way between the replicas of two services is followed hop by hop, by real tries on their machines:
the name, the rule, the firewalls of both machines, the route, the mesh, the process, its health, the balancing, the connection. The first
hop that is broken is named, with what mends it.`,
  args: [],
  flags: {
    from: {
      kind: 'text',
      value: 'SERVICE',
      summary: 'follow the way from this service, or APP/SERVICE',
      completes: 'service',
    },
    to: {
      kind: 'text',
      value: 'SERVICE[:PORT]',
      summary: 'to this one (default port: the first it names or listens on)',
      completes: 'service',
    },
    ...appFlag,
  },
  examples: [
    { does: 'What is wrong?', line: 'ballast doctor' },
    { does: 'Why does web not reach db?', line: 'ballast doctor --from web --to db:5432' },
    { does: 'Of another fleet, for a program', line: 'ballast doctor -c prod --json' },
  ],
  async run({ flags }, shell) {
    if (flags.from !== undefined || flags.to !== undefined) return await followTheWay(flags, shell);
    const [local, way] = await Promise.all([localChecks(shell), wayChecks(flags, shell)]);
    const fleet = way.context ? await fleetChecks(way.context, shell) : [];
    const checks = [...local, ...way.checks, ...fleet];
    const wrong = checks.filter(({ ok }) => !ok).length;
    if (flags.json) await printData({ ok: wrong === 0, checks }, 'json', shell);
    else for (const text of doctorLines(checks, shell)) line(shell.out, text);
    return wrong === 0 ? 0 : 1;
  },
});

async function followTheWay(
  flags: Parameters<typeof connect>[0] & {
    readonly from: string | undefined;
    readonly to: string | undefined;
    readonly app: string | undefined;
    readonly json: boolean;
  },
  shell: Shell,
): Promise<number> {
  const { from, to } = flags;
  if (from === undefined || to === undefined) {
    throw new BallastError('usage', 'a way has two ends', {
      fix: 'say both: ballast doctor --from web --to db:5432',
    });
  }
  const client = await connect(flags, shell);
  const app = await appMeant(flags.app, client, shell);
  const { checks, trace } = await pathChecks(
    { from, to, ...(app === undefined ? {} : { app }) },
    client,
    shell,
  );
  const wrong = checks.filter(({ ok }) => !ok).length;
  if (flags.json) await printData({ ok: wrong === 0, ...trace }, 'json', shell);
  else for (const text of doctorLines(checks, shell)) line(shell.out, text);
  return wrong === 0 ? 0 : 1;
}

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
