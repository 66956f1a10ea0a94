import type { Client } from '#wire/client.ts';
import type { ServiceFact } from '#wire/traffic-views.ts';
import { appMeant } from './app-meant.ts';
import { type OutputFlags, printListing } from './render/output.ts';
import type { Shell } from './shell.ts';

/** Tells all about a service on the network. Answers with the exit code. */
export async function explainTheService(
  word: string,
  flags: OutputFlags & { readonly app: string | undefined },
  client: Client,
  shell: Shell,
): Promise<number> {
  const app = word.includes('/') ? undefined : await appMeant(flags.app, client, shell);
  const answer = await client.call(
    'explainService',
    { service: word, ...(app === undefined ? {} : { app }) },
    { signal: shell.signal },
  );
  await printListing(
    {
      rows: answer.facts,
      data: { ...answer },
      name: ({ what }) => what,
      empty: `nothing is known of ${word}`,
      columns: [
        { title: 'ABOUT', cell: ({ topic }: ServiceFact) => topic },
        { title: 'WHAT', cell: ({ what }: ServiceFact) => what },
        { title: 'ON', cell: ({ machine }: ServiceFact) => machine ?? '' },
        { title: 'DETAIL', cell: ({ detail }: ServiceFact) => detail },
        {
          title: 'PACKETS',
          cell: ({ packets }: ServiceFact) => (packets === undefined ? '' : String(packets)),
          right: true,
        },
        { title: 'ASKED FOR BY', cell: ({ origin }: ServiceFact) => origin },
      ],
    },
    flags,
    shell,
  );
  return 0;
}
