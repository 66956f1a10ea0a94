import { BallastError } from '#base/errors.ts';
import { meantName } from '#cli/app-files.ts';
import { command, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { count } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';

export const machineRm = command({
  details: `Its replicas move to other machines first, if there is room. Volumes do not move: a machine that holds one of a
running app is refused, unless --force gives the data up. A local machine is destroyed; from one that was let in over
ssh the agent is taken off.`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: {
    force: { kind: 'switch', summary: 'even if it is away, or holds volumes of running apps' },
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
    const joined = found.provider === 'ssh' && found.status !== 'pending';
    if (joined) await takeOff(flags.ssh ?? `root@${found.address}`, flags.identity, shell);
    return 0;
  },
});

/** The machine is out already: whatever happens here is told, and fails nothing. */
async function takeOff(ssh: string, identity: string | undefined, shell: Shell): Promise<void> {
  const { leaveOverSsh } = await import('#cli/ssh-machine.ts');
  try {
    await leaveOverSsh(ssh, identity, shell);
    line(shell.err, 'Its agent is taken off.');
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    const why = error.detail.why === undefined ? '' : `: ${error.detail.why}`;
    line(shell.err, `Its agent is still on it (${error.message}${why}).`);
    line(shell.err, `  ${shell.err.marks.arrow} take it off there: systemctl disable --now ballast-agent`);
  }
}
