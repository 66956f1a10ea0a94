import { showDuration } from '#base/duration.ts';
import { command, waitFlags, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { findMachine, followMachine } from '#cli/follow-machine.ts';
import { forceFlag, isForced } from '#cli/force-names.ts';
import { progressOn } from '#cli/render/progress.ts';

export const machineReplace = command({
  details: `A machine that is there is drained first; one that is away is replaced at once, also when so many vanished that nothing
is done by itself. The new one bears the same name, with an address and an identity of its own; the old one is
destroyed, and refused for ever should it come back. A machine that holds volumes or the registry is refused, unless
\`--force NAME\` gives that up. Machines that were let in over ssh cannot be made anew: put them out and let others in.`,
  args: [{ name: 'MACHINE', summary: 'the machine', completes: 'machine' }],
  flags: { ...forceFlag, ...waitFlags, ...yesFlag },
  examples: [
    { does: 'A new app-2', line: 'ballast machine replace app-2' },
    { does: 'Give up the data on it', line: 'ballast machine replace app-2 --force app-2' },
  ],
  async run({ flags, args: [machine = ''] }, shell) {
    const force = isForced(flags.force, machine);
    const client = await connect(flags, shell);
    const before = await findMachine(machine, client, shell);
    const gone = ['the machine there is now is destroyed with all that is on it'];
    await confirm(
      `Replace ${machine}`,
      [...gone, ...(force ? ['the data of its volumes is lost'] : [])],
      flags,
      shell,
    );
    const progress = progressOn(shell, flags.quiet || flags.json);
    await client.call('replaceMachine', { machine, ...(force ? { force } : {}) }, { signal: shell.signal });
    if (flags.detach) return 0;
    const { paint, marks } = shell.err;
    await followMachine(
      {
        name: machine,
        what: `${machine} is replaced`,
        until: (now) =>
          now === undefined ||
          (now.address !== before.address && now.state === 'ready' && now.conformity === 'up-to-date'),
        timeoutMs: flags.timeout,
      },
      { client, progress },
      shell,
    );
    progress.note(
      `${paint.green(marks.done)} ${machine} is a new machine  ${paint.dim(showDuration(progress.elapsedMs()))}`,
    );
    return 0;
  },
});
