import { command, formFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { machineData } from '#cli/machine-words.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { line } from '#cli/shell.ts';
import { statusLines } from '#cli/status-lines.ts';

export const status = command({
  details: 'With --detailed-exitcode it ends with 2 when something is wrong, for scripts.',
  args: [],
  flags: {
    ...formFlag,
    'detailed-exitcode': { kind: 'switch', summary: 'exit 2 when something is wrong' },
  },
  examples: [
    { does: 'How is it?', line: 'ballast status' },
    { does: 'The same for a program', line: 'ballast status --json' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const [fleet, { replicas }] = await Promise.all([
      client.call('status', {}, { signal: shell.signal }),
      client.call('listReplicas', {}, { signal: shell.signal }),
    ]);
    const form = formOf(flags);
    const shown = statusLines(fleet, replicas, shell);
    if (form === 'json' || form === 'yaml') {
      await printData(
        { ...fleet, machines: fleet.machines.map(machineData), healthy: shown.wrong === 0 },
        form,
        shell,
      );
    } else {
      for (const text of shown.lines) line(shell.out, text);
    }
    return flags['detailed-exitcode'] && shown.wrong > 0 ? 2 : 0;
  },
});
