import { BallastError } from '#base/errors.ts';
import { fitsGlob } from '#base/glob.ts';
import { appFlag, command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { printListing } from '#cli/render/output.ts';
import type { Paint } from '#cli/render/paint.ts';
import type { Shell } from '#cli/shell.ts';
import type { Client } from '#wire/client.ts';
import type { ExplainedResource } from '#wire/drift-views.ts';

export const explain = command({
  details: `Of a service: its address and names, who may reach it and whom it may, how often that happened, its ports, replicas and
what machines hold for them, and the line each comes from.

Of a machine: every file, unit, rule, package, user and container that a machine is to hold, and the line of the file that asked
for it; what Ballast needs for itself says so. HELD is yes when the machine has it just so.`,
  args: [
    { name: 'WHAT', summary: 'a service, APP/SERVICE, or machine/NAME', completes: 'service' },
    {
      name: 'RESOURCE',
      summary: 'of a machine only what has this id or name; * stands for any text',
      optional: true,
    },
  ],
  flags: {
    ...appFlag,
    ...outputFlag,
    kind: {
      kind: 'text',
      value: 'KIND',
      summary: 'of a machine only this kind: file, package, unit, user, container, …',
    },
  },
  examples: [
    { does: 'How is web reached, and by whom?', line: 'ballast explain web' },
    { does: 'The same for another app', line: 'ballast explain guestbook/web --json' },
    { does: 'Why is all that on app-1?', line: 'ballast explain machine/app-1' },
    { does: 'Who asked for this file?', line: "ballast explain app-1 '/etc/ssh/*'" },
    { does: 'Its packages', line: 'ballast explain app-1 --kind package' },
  ],
  async run({ flags, args: [thing = '', pattern] }, shell) {
    const client = await connect(flags, shell);
    const machine = await machineMeant(thing, client, shell);
    if (machine === undefined) {
      const { explainTheService } = await import('#cli/explain-service.ts');
      return await explainTheService(thing, flags, client, shell);
    }
    const { resources, plan } = await client.call('explainMachine', { machine }, { signal: shell.signal });
    const kinds = [...new Set(resources.map(({ kind }) => kind))].sort();
    if (flags.kind !== undefined && resources.length > 0 && !kinds.includes(flags.kind)) {
      throw new BallastError('not-found', `${machine} holds nothing of the kind ${flags.kind}`, {
        fix: `it holds ${kinds.join(', ')}`,
      });
    }
    const rows = resources
      .filter(({ kind }) => flags.kind === undefined || kind === flags.kind)
      .filter(({ id, name }) => pattern === undefined || fitsGlob(id, pattern) || fitsGlob(name, pattern));
    await printListing(
      {
        rows,
        data: { machine, plan, resources: rows },
        name: ({ id }) => id,
        empty: pattern === undefined ? `${machine} is to hold nothing` : `${machine} holds no ${pattern}`,
        columns: [
          { title: 'KIND', cell: ({ kind }) => kind },
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'HELD', cell: heldWord, paint: (text, row) => colourOf(row, shell.out.paint)(text) },
          { title: 'ASKED FOR BY', cell: ({ origin }) => origin },
          { title: 'AFTER', cell: ({ after }) => after.join(' '), wide: true },
          { title: 'DETAIL', cell: ({ detail }) => detail ?? '', wide: true },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});

/** A machine by its word, or by a name that is one; everything else is a service. */
async function machineMeant(thing: string, client: Client, shell: Shell): Promise<string | undefined> {
  if (thing.startsWith('machine/')) return thing.slice('machine/'.length);
  if (thing.includes('/')) return undefined;
  const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
  return machines.some(({ name }) => name === thing) ? thing : undefined;
}

const heldWord = ({ state }: ExplainedResource): string =>
  ({ held: 'yes', pending: 'not yet', drift: 'differs', failing: 'failing', unknown: 'unknown' })[state];

const colourOf = ({ state }: ExplainedResource, paint: Paint): ((text: string) => string) =>
  ({ held: paint.green, pending: paint.yellow, drift: paint.yellow, failing: paint.red, unknown: paint.dim })[
    state
  ];
