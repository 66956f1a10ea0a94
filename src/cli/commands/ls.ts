import { showRelease, showService, stateOf } from '#cli/app-words.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { printListing } from '#cli/render/output.ts';

export const ls = command({
  args: [],
  flags: { ...outputFlag },
  examples: [
    { does: 'All apps of the fleet', line: 'ballast ls' },
    { does: 'Only their names, for a script', line: 'ballast ls -o name' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { apps } = await client.call('listApps', {}, { signal: shell.signal });
    const { paint } = shell.out;
    await printListing(
      {
        rows: apps,
        data: { apps },
        name: (app) => app.name,
        empty: 'There are no apps yet. Deploy one: ballast deploy -f compose.yaml',
        columns: [
          { title: 'APP', cell: (app) => app.name },
          { title: 'RELEASE', cell: showRelease },
          {
            title: 'STATE',
            cell: (app) => stateOf(app).word,
            paint: (text, app) => stateOf(app).colour(paint)(text),
          },
          {
            title: 'SERVICES',
            cell: (app) => app.services.map(showService).join(', '),
          },
          {
            title: 'PORTS',
            wide: true,
            cell: (app) => app.services.flatMap((service) => service.ports).join(', '),
          },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});
