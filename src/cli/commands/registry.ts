import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { factLines } from '#cli/render/facts.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { line } from '#cli/shell.ts';

export const registry = command({
  details: `Ballast runs a registry on one of the fleet's machines: deploy pushes the images it builds there, and machines
pull them by digest. With --password the push account's password is printed, for use with other tools.`,
  args: [],
  flags: {
    ...outputFlag,
    password: { kind: 'switch', summary: 'print the password of the push account, and nothing else' },
  },
  examples: [
    { does: 'Where the registry is', line: 'ballast registry' },
    {
      does: 'Log in to it by hand',
      line: 'ballast registry --password | skopeo login -u push --password-stdin ADDRESS',
    },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const access = await client.call('registryAccess', {}, { signal: shell.signal });
    const form = formOf(flags);
    if (flags.password) line(shell.out, access.password);
    else if (form === 'json' || form === 'yaml') {
      const { password: _, ...shown } = access;
      await printData({ registry: shown }, form, shell);
    } else if (form === 'name') line(shell.out, access.name);
    else {
      const facts = [
        ['in images', access.name],
        ['push to', access.address],
        ['account', access.username],
        ['through', access.link],
      ] as const;
      for (const text of factLines(facts, shell.out.paint)) line(shell.out, text);
    }
    return 0;
  },
});
