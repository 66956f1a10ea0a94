import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { chosenContext, readContexts } from '#cli/context-file.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { progressOn } from '#cli/render/progress.ts';
import { line } from '#cli/shell.ts';

export const machineUserData = command({
  details: `Prints a cloud-init document. Give it to whatever makes the machine (a cloud's console, Terraform, an autoscaling
group) as its user data: the machine installs what it lacks, fetches the agent from the fleet's server, and joins. The
only secret in it is a token, good for one machine and ten minutes unless you ask for more. With a NAME the machine
gets that name. With --pool it gets the next free name of a pool whose provider is user-data.`,
  args: [{ name: 'NAME', summary: 'what to call the machine', optional: true }],
  flags: {
    pool: { kind: 'text', value: 'POOL', summary: 'for machines of this pool of the fleet file' },
    machines: { kind: 'number', value: 'N', summary: 'how many machines may join with it (default: 1)' },
    ttl: {
      kind: 'duration',
      value: 'TIME',
      positive: true,
      summary: 'how long it is good for, at most 366d (default: 10m)',
    },
    revoke: { kind: 'switch', summary: 'make void what was given out; machines that have joined stay' },
    ...outputFlag,
  },
  examples: [
    { does: 'For one machine of any cloud', line: 'ballast machine user-data app-4 >user-data.yaml' },
    {
      does: 'For an autoscaling group, and for a month',
      line: 'ballast machine user-data --pool web --machines 20 --ttl 30d >user-data.yaml',
    },
    { does: 'It got into wrong hands', line: 'ballast machine user-data --pool web --revoke' },
  ],
  async run({ flags, args: [name] }, shell) {
    const { pool, machines, ttl, revoke } = flags;
    if ((name === undefined) === (pool === undefined)) {
      throw new BallastError('usage', 'the document is for a machine or for a pool', {
        fix: 'name one of them: ballast machine user-data app-4, or --pool web',
      });
    }
    const whose = {
      ...(name === undefined ? {} : { machine: name }),
      ...(pool === undefined ? {} : { pool }),
    };
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    if (revoke) {
      const { revoked } = await client.call('revokeUserData', whose, { signal: shell.signal });
      progress.note(
        revoked === 0
          ? 'no document is out that could be used: nothing to do'
          : `${revoked === 1 ? 'one document is' : `${revoked} documents are`} void now`,
      );
      return 0;
    }
    const { server } = chosenContext(await readContexts(shell), flags.context, shell);
    const answer = await client.call(
      'makeUserData',
      {
        ...whose,
        reachedAt: server,
        ...(machines === undefined ? {} : { machines }),
        ...(ttl === undefined ? {} : { ttlMs: ttl }),
      },
      { signal: shell.signal },
    );
    const form = formOf(flags);
    if (form === 'json' || form === 'yaml') await printData({ ...answer }, form, shell);
    else line(shell.out, answer.document.trimEnd());
    const many = answer.machines === 1 ? 'one machine' : `${answer.machines} machines`;
    progress.note(
      `it lets in ${many} within ${showDuration(answer.expiresAt - shell.now())}: keep it to yourself until then`,
    );
    return 0;
  },
});
