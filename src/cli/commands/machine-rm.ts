import { BallastError } from '#base/errors.ts';
import { meantName } from '#cli/app-files.ts';
import { command, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { count } from '#cli/render/text.ts';
import { line } from '#cli/shell.ts';

export const machineRm = command({
  details: `Its replicas move to other machines first, if there is room. Volumes do not move: a machine that holds one of a
running app is refused, unless --force gives the data up.`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: {
    force: { kind: 'switch', summary: 'even if it is away, or holds volumes of running apps' },
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
    const consequences = [
      ...(found.replicas === 0 ? [] : [`${count(found.replicas, 'replica')} on it must run elsewhere`]),
      ...(found.provider === 'local' ? ['it is destroyed with all that is on it'] : []),
      ...(flags.force ? ['the data of volumes on it is given up'] : []),
    ];
    await confirm(`Put ${machine} out of the fleet`, consequences, flags, shell);
    const input = { machine, ...(flags.force ? { force: true } : {}) };
    await client.call('removeMachine', input, { signal: shell.signal, timeoutMs: 300_000 });
    if (!flags.quiet) line(shell.err, `${machine} is out of the fleet.`);
    return 0;
  },
});
