import { appFlag, command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showAge } from '#cli/render/age.ts';
import { printListing } from '#cli/render/output.ts';
import { whichApp } from '#cli/which-app.ts';
import type { ReleaseView } from '#wire/views.ts';

export const releases = command({
  args: [{ name: 'APP', summary: 'the app', optional: true, completes: 'app' }],
  flags: { ...appFlag, ...outputFlag },
  examples: [
    { does: 'Releases of the app whose Compose file is here', line: 'ballast releases' },
    { does: 'With the digest of every image', line: 'ballast releases guestbook -o wide' },
  ],
  async run({ flags, args }, shell) {
    const client = await connect(flags, shell);
    const app = args[0] ?? flags.app;
    const { name } = await whichApp({ flag: app }, client, shell);
    const answer = await client.call('listReleases', { app: name }, { signal: shell.signal });
    const rows = [...answer.releases].sort((a, b) => b.number - a.number);
    const { paint } = shell.out;
    const colours: Readonly<Record<ReleaseView['status'], (text: string) => string>> = {
      current: paint.green,
      rolling: paint.yellow,
      superseded: paint.dim,
      failed: paint.red,
    };
    await printListing(
      {
        rows,
        data: { app: name, releases: rows },
        name: ({ number }) => String(number),
        empty: `App ${name} has no releases.`,
        columns: [
          { title: 'RELEASE', cell: ({ number }) => String(number), right: true },
          {
            title: 'STATUS',
            cell: ({ status }) => status,
            paint: (text, { status }) => colours[status](text),
          },
          { title: 'MADE', cell: ({ at }) => `${showAge(shell.now() - at)} ago` },
          { title: 'BY', cell: ({ by }) => by },
          { title: 'WHAT', cell: ({ note }) => note },
          {
            title: 'IMAGES',
            wide: true,
            cell: ({ images }) =>
              Object.entries(images)
                .map(([service, image]) => `${service}=${shortImage(image)}`)
                .join(' '),
          },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});

/** `registry.internal:5000/guestbook/web@sha256:1daab1…` as `guestbook/web@1daab1…`, twelve digits of the digest. */
function shortImage(image: string): string {
  return image.replace(/^registry\.internal(:\d+)?\//, '').replace(/@sha256:([0-9a-f]{12})[0-9a-f]*$/, '@$1');
}
