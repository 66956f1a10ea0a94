import { BallastError } from '#base/errors.ts';
import { meantName } from '#cli/app-files.ts';
import { command, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { consequencesOf, leaveFleet, tellMoves } from '#cli/leave-fleet.ts';
import { progressOn } from '#cli/render/progress.ts';

export const machineRm = command({
  details: `Its replicas stop and are started on other machines, if there is room. Volumes do not move: a machine that holds
one is refused, unless --force gives the data up. A local machine is destroyed. One that was let in over ssh drops all
that the fleet put on it (volumes and images stay on its disk), and its agent is taken off. When this is cut off, run
it again. A machine that is away is put out only by --force: what it runs goes on there until \`ballast agent --leave\`
is run on it.`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: {
    force: { kind: 'switch', summary: 'even if it is away, or holds volumes or the registry' },
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
  async run({ flags, args: [machine = ''] }, shell) {
    const client = await connect(flags, shell);
    const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
    const found = machines.find(({ name }) => name === machine);
    if (!found) {
      throw new BallastError('not-found', `there is no machine "${machine}"`, {
        fix: meantName(
          machine,
          machines.map(({ name }) => name),
          'machines',
        ),
      });
    }
    const options = { signal: shell.signal };
    const { replicas } = await client.call('listReplicas', {}, options);
    const consequences = consequencesOf(found, replicas, flags.force);
    await confirm(`Put ${machine} out of the fleet`, consequences, flags, shell);
    const progress = progressOn(shell, flags.quiet);
    if (found.provider !== 'local' && found.provider !== 'incus' && found.status !== 'pending') {
      await leaveFleet(found, flags, { client, progress }, shell);
    } else {
      const input = { machine, ...(flags.force ? { force: true } : {}) };
      await client.call('removeMachine', input, { ...options, timeoutMs: 300_000 });
    }
    await tellMoves(machine, replicas, { client, progress }, shell);
    progress.note(`${shell.err.paint.green(shell.err.marks.done)} ${machine} is out of the fleet`);
    return 0;
  },
});
