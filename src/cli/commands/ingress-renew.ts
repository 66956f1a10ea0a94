import { command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { line } from '#cli/shell.ts';

export const ingressRenew = command({
  details: `Has the control plane ask the authority for a certificate now, whatever failed before. Authorities count failed tries
and refuse who makes too many, so mend first what stood in the way: \`ballast ingress ls\` says what that was.`,
  args: [{ name: 'HOST', summary: 'a host name with tls: auto' }],
  flags: {},
  examples: [
    { does: 'Try again after the DNS was corrected', line: 'ballast ingress renew www.example.com' },
  ],
  async run({ flags, args: [host = ''] }, shell) {
    const client = await connect(flags, shell);
    await client.call('renewIngress', { host: host.toLowerCase() }, { signal: shell.signal });
    if (!flags.quiet) line(shell.err, `A certificate for ${host} is being asked for: ballast ingress ls`);
    return 0;
  },
});
