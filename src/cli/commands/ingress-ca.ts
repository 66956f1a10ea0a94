import { command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';

export const ingressCa = command({
  details: `The fleet's own authority, as PEM. It certifies host names with \`tls: internal\`: whoever trusts it sees no
warning there. It also certifies machines and people of the fleet, so trust it only where you trust the fleet.`,
  args: [],
  flags: {},
  examples: [
    {
      does: 'Ask a service by name without a warning',
      line: 'ballast ingress ca > fleet.pem && curl --cacert fleet.pem https://guestbook.example.com',
    },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { ca } = await client.call('listIngress', {}, { signal: shell.signal });
    shell.out.write(ca.endsWith('\n') ? ca : `${ca}\n`);
    return 0;
  },
});
