import { BallastError } from '#base/errors.ts';
import { command, formFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { count, tame } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';
import type { RepairView } from '#wire/drift-views.ts';

const repairTimeoutMs = 11 * 60_000;

export const repair = command({
  details: `Machines repair by themselves unless drift in fleet.yaml says otherwise: with repair: report, or for what it allows,
this is how it is done, once. What failed before, and changes that were taken back because they cut the machine off,
are tried again too. RESOURCE is an id as drift and explain show it; * in it stands for any text.`,
  args: [
    {
      name: 'MACHINE',
      summary: 'the machine (default: all that are online)',
      completes: 'machine',
      optional: true,
    },
    { name: 'RESOURCE', summary: 'only what matches', optional: true },
  ],
  flags: { ...formFlag },
  examples: [
    { does: 'Put right what differs on app-1', line: 'ballast repair app-1' },
    { does: 'Only its files', line: "ballast repair app-1 'file:*'" },
    { does: 'Everywhere', line: 'ballast repair' },
  ],
  async run({ flags, args: [machine, resource] }, shell) {
    const client = await connect(flags, shell);
    const { signal } = shell;
    const names =
      machine === undefined
        ? (await client.call('listMachines', {}, { signal })).machines
            .filter(({ status }) => status === 'online')
            .map(({ name }) => name)
        : [machine];
    if (names.length === 0) {
      throw new BallastError('unreachable', 'no machine is online', {
        fix: 'look at them: `ballast machine ls`',
      });
    }
    const outcomes = await Promise.all(
      names.map(async (name) => {
        const input = { machine: name, ...(resource === undefined ? {} : { resource }) };
        return await client.call('repairMachine', input, { signal, timeoutMs: repairTimeoutMs });
      }),
    );
    const form = formOf(flags);
    if (form === 'json' || form === 'yaml') await printData({ machines: outcomes }, form, shell);
    else
      for (const outcome of outcomes) for (const text of outcomeLines(outcome, shell)) line(shell.out, text);
    return outcomes.some(({ failures }) => failures.length > 0) ? 1 : 0;
  },
});

function outcomeLines(
  { machine, repaired, failures }: RepairView,
  { out: { paint, marks } }: Shell,
): readonly string[] {
  const head = tame(machine);
  if (repaired.length === 0 && failures.length === 0) return [`${head}: nothing differed`];
  return [
    `${head}: ${count(repaired.length, 'resource')} put right`,
    ...repaired.map((id) => `  ${paint.green(marks.done)} ${tame(id)}`),
    ...failures.map(({ resource, what }) => `  ${paint.red(marks.failed)} ${tame(resource)}: ${tame(what)}`),
  ];
}
