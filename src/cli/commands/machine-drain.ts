import { command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { findMachine, waitUntilDrained } from '#cli/follow-machine.ts';
import { tellMoves } from '#cli/leave-fleet.ts';
import { progressOn } from '#cli/render/progress.ts';

export const machineDrain = command({
  details: `The machine takes no new replicas, and those it has move to other machines one by one: each stops only after another
is healthy elsewhere. A service whose volume lives on the machine stays, and so does what has no room elsewhere; the
answer says so. The machine stays part of the fleet, until \`ballast machine uncordon\` lets it take replicas again.

Exit codes: 0 nothing is left on it, 1 something cannot move, 4 timed out (it goes on by itself).`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: { ...waitFlags },
  examples: [
    { does: 'Before work on app-2', line: 'ballast machine drain app-2' },
    { does: 'And after it', line: 'ballast machine uncordon app-2' },
  ],
  async run({ flags, args: [machine = ''] }, shell) {
    const client = await connect(flags, shell);
    await findMachine(machine, client, shell);
    const options = { signal: shell.signal };
    const { replicas } = await client.call('listReplicas', {}, options);
    const progress = progressOn(shell, flags.quiet || flags.json);
    await client.call('drainMachine', { machine }, options);
    if (flags.detach) return 0;
    await waitUntilDrained(machine, flags, { client, progress }, shell);
    await tellMoves(machine, replicas, { client, progress }, shell);
    progress.note(`${shell.err.paint.green(shell.err.marks.done)} ${machine} is drained`);
    return 0;
  },
});
