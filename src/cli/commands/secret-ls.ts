import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showAge } from '#cli/render/age.ts';
import { printListing } from '#cli/render/output.ts';

export const secretLs = command({
  details: 'Values are never shown: they leave the fleet only for the containers that use them.',
  args: [],
  flags: { ...outputFlag },
  examples: [{ does: 'Names and versions of all secrets', line: 'ballast secret ls' }],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { secrets } = await client.call('listSecrets', {}, { signal: shell.signal });
    await printListing(
      {
        rows: secrets,
        data: { secrets },
        name: ({ name }) => name,
        empty: 'There are no secrets yet. Store one: ballast secret set NAME',
        columns: [
          { title: 'SECRET', cell: ({ name }) => name },
          { title: 'VERSION', cell: ({ version }) => String(version), right: true },
          { title: 'CHANGED', cell: ({ at }) => `${showAge(shell.now() - at)} ago` },
          { title: 'BY', cell: ({ by }) => by },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});
