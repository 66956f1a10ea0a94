import { BallastError } from '#base/errors.ts';
import { fitsGlob } from '#base/glob.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { printListing } from '#cli/render/output.ts';
import type { Paint } from '#cli/render/paint.ts';
import type { ExplainedResource } from '#wire/drift-views.ts';

export const explain = command({
  details: `Every file, unit, rule, package, user and container that a machine is to hold, and the line of the file that asked
for it; what Ballast needs for itself says so. HELD is yes when the machine has it just so.`,
  args: [
    { name: 'machine/NAME', summary: 'the machine', completes: 'machine' },
    { name: 'RESOURCE', summary: 'only what has this id or name; * stands for any text', optional: true },
  ],
  flags: {
    ...outputFlag,
    kind: { kind: 'text', value: 'KIND', summary: 'only this kind: file, package, unit, user, container, …' },
  },
  examples: [
    { does: 'Why is all that on app-1?', line: 'ballast explain machine/app-1' },
    { does: 'Who asked for this file?', line: "ballast explain app-1 '/etc/ssh/*'" },
    { does: 'Its packages', line: 'ballast explain app-1 --kind package' },
  ],
  async run({ flags, args: [thing = '', pattern] }, shell) {
    const machine = thing.startsWith('machine/') ? thing.slice('machine/'.length) : thing;
    const client = await connect(flags, shell);
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

const heldWord = ({ state }: ExplainedResource): string =>
  ({ held: 'yes', pending: 'not yet', drift: 'differs', failing: 'failing', unknown: 'unknown' })[state];

const colourOf = ({ state }: ExplainedResource, paint: Paint): ((text: string) => string) =>
  ({ held: paint.green, pending: paint.yellow, drift: paint.yellow, failing: paint.red, unknown: paint.dim })[
    state
  ];
