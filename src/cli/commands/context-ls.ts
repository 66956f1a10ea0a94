import { command, outputFlag } from '#cli/command.ts';
import { readContexts } from '#cli/context-file.ts';
import { printListing } from '#cli/render/output.ts';

export const contextLs = command({
  details: 'The one in use is marked. Keys and tokens are never shown.',
  args: [],
  flags: { ...outputFlag },
  examples: [{ does: 'All fleets this command line knows', line: 'ballast context ls' }],
  async run({ flags }, shell) {
    const file = await readContexts(shell);
    const used = flags.context ?? (shell.env['BALLAST_CONTEXT'] || undefined) ?? file.current;
    const rows = Object.values(file.contexts).map(({ name, server, cert }) => ({
      name,
      server,
      current: name === used,
      identity: cert === undefined ? 'token' : 'certificate',
    }));
    await printListing(
      {
        rows,
        data: { current_context: file.current ?? null, contexts: rows },
        name: ({ name }) => name,
        empty: 'There are no contexts yet. Add one: ballast context add NAME --from admin.json',
        columns: [
          { title: 'IN USE', cell: ({ current }) => (current ? '*' : ' ') },
          { title: 'CONTEXT', cell: ({ name }) => name },
          { title: 'SERVER', cell: ({ server }) => server },
          { title: 'BY', cell: ({ identity }) => identity },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});
