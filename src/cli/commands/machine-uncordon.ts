import { command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { findMachine } from '#cli/follow-machine.ts';
import { progressOn } from '#cli/render/progress.ts';

export const machineUncordon = command({
  details: `Ends what \`ballast machine drain\` and \`cordon\` began. What moved away stays where it is: replicas come back as
apps are deployed and scaled, or with \`ballast restart\`.`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: {},
  examples: [{ does: 'Let app-2 take replicas again', line: 'ballast machine uncordon app-2' }],
  async run({ flags, args: [machine = ''] }, shell) {
    const client = await connect(flags, shell);
    await findMachine(machine, client, shell);
    await client.call('uncordonMachine', { machine }, { signal: shell.signal });
    progressOn(shell, flags.quiet || flags.json).note(
      `${shell.err.paint.green(shell.err.marks.done)} ${machine} takes replicas`,
    );
    return 0;
  },
});
