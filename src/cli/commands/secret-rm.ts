import { command, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { line } from '#cli/shell.ts';

export const secretRm = command({
  details:
    'Releases that use it keep the version they began with until the next deploy, which then finds it missing.',
  args: [{ name: 'NAME', summary: 'the secret', completes: 'secret' }],
  flags: { ...yesFlag },
  examples: [{ does: 'Forget a secret without being asked', line: 'ballast secret rm db_password -y' }],
  async run({ flags, args: [secret = ''] }, shell) {
    const client = await connect(flags, shell);
    await confirm(`Forget secret ${secret}, all versions of it`, [], flags, shell);
    await client.call('removeSecret', { secret }, { signal: shell.signal });
    if (!flags.quiet) line(shell.err, `Secret ${secret} is gone.`);
    return 0;
  },
});
