import { BallastError } from '#base/errors.ts';
import { command, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { findMachine, waitUntilDrained } from '#cli/follow-machine.ts';
import { forceFlag, isForced } from '#cli/force-names.ts';
import { consequencesOf, leaveFleet, tellMoves } from '#cli/leave-fleet.ts';
import { progressOn } from '#cli/render/progress.ts';

export const machineRm = command({
  details: `Its replicas move to other machines first; where there is no room for them it is refused. Volumes do not move: a machine that holds
one is refused, unless --force NAME gives the data up. A local machine is destroyed. One that was let in over ssh drops all
that the fleet put on it (volumes and images stay on its disk), and its agent is taken off. When this is cut off, run
it again. A machine that is away is put out only by --force NAME: what it runs goes on there until \`ballast agent --leave\`
is run on it.`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: {
    ...forceFlag,
    ssh: {
      kind: 'text',
      value: 'USER@ADDRESS',
      summary: 'where to take the agent off (default: root at its address)',
    },
    identity: {
      kind: 'text',
      short: 'i',
      value: 'FILE',
      summary: 'the private key to log in with (default: what ssh finds)',
      completes: 'file',
    },
    timeout: {
      kind: 'duration',
      value: 'TIME',
      positive: true,
      summary: 'how long to wait for it to be empty (default: 10m)',
    },
    ...yesFlag,
  },
  examples: [{ does: 'Put app-3 out of the fleet', line: 'ballast machine rm app-3' }],
  async run({ flags: given, args: [machine = ''] }, shell) {
    const flags = { ...given, force: isForced(given.force, machine) };
    const client = await connect(flags, shell);
    const found = await findMachine(machine, client, shell);
    const options = { signal: shell.signal };
    const { replicas } = await client.call('listReplicas', {}, options);
    const consequences = consequencesOf(found, replicas, flags.force);
    const byHand = found.provider !== 'local' && found.provider !== 'incus' && found.status !== 'pending';
    const drains = found.status === 'online' && found.leaving === undefined && !flags.force;
    // Nobody is asked for a yes to what is refused anyway.
    if (drains) await client.call('drainMachine', { machine, leave: true, check: true }, options);
    else if (!byHand && !flags.force) await client.call('removeMachine', { machine, check: true }, options);
    await confirm(`Put ${machine} out of the fleet`, consequences, flags, shell);
    const progress = progressOn(shell, flags.quiet);
    if (drains) {
      await client.call('drainMachine', { machine, leave: true }, options);
      await waitUntilDrained(machine, flags, { client, progress }, shell);
    }
    if (byHand) {
      await leaveFleet(found, flags, { client, progress }, shell);
    } else {
      const input = { machine, ...(flags.force ? { force: true } : {}) };
      await client.call('removeMachine', input, { ...options, timeoutMs: 300_000 }).catch(unlessGone);
    }
    await tellMoves(machine, replicas, { client, progress }, shell);
    progress.note(`${shell.err.paint.green(shell.err.marks.done)} ${machine} is out of the fleet`);
    return 0;
  },
});

/** A local machine that is drained goes by itself, perhaps before it is put out here. */
function unlessGone(error: unknown): void {
  if (!(error instanceof BallastError && error.code === 'not-found')) throw error;
}
