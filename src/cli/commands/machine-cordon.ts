import { command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { findMachine } from '#cli/follow-machine.ts';
import { progressOn } from '#cli/render/progress.ts';

export const machineCordon = command({
  details: 'What runs on it stays. `ballast machine drain` moves that away, too.',
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: {},
  examples: [{ does: 'Keep new replicas off app-2', line: 'ballast machine cordon app-2' }],
  async run({ flags, args: [machine = ''] }, shell) {
    const client = await connect(flags, shell);
    await findMachine(machine, client, shell);
    await client.call('drainMachine', { machine, keep: true }, { signal: shell.signal });
    progressOn(shell, flags.quiet || flags.json).note(
      `${shell.err.paint.green(shell.err.marks.done)} ${machine} takes no new replicas`,
    );
    return 0;
  },
});
