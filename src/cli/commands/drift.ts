import { command, formFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { driftLines } from '#cli/drift-lines.ts';
import { eventLine } from '#cli/event-printer.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { line, type Shell } from '#cli/shell.ts';
import type { Client } from '#wire/client.ts';
import type { DriftView } from '#wire/drift-views.ts';

export const drift = command({
  details: `Drift is what differs from what was declared although nobody changed what was declared: somebody was at it by hand.
Shown is what differs, since when, by whom if that is known, and what becomes of it; drift in fleet.yaml decides that.
A change made by deploying is none. Passwords and other secrets are never shown.`,
  args: [{ name: 'MACHINE', summary: 'only this machine', completes: 'machine', optional: true }],
  flags: {
    ...formFlag,
    watch: {
      kind: 'switch',
      short: 'w',
      summary: 'go on and show what is found and put right as it happens',
    },
    'detailed-exitcode': { kind: 'switch', summary: 'exit 2 when something differs, 0 when nothing does' },
  },
  examples: [
    { does: 'What was changed by hand?', line: 'ballast drift' },
    { does: 'Watch one machine', line: 'ballast drift app-1 --watch' },
    { does: 'In a pipeline: does anything differ?', line: 'ballast drift --detailed-exitcode -q' },
  ],
  async run({ flags, args: [machine] }, shell) {
    const client = await connect(flags, shell);
    const input = machine === undefined ? {} : { machine };
    const view = await client.call('drift', input, { signal: shell.signal });
    const form = formOf(flags);
    const isData = form === 'json' || form === 'yaml';
    if (isData && !flags.watch) await printData({ ...view }, form, shell);
    else if (isData) line(shell.out, JSON.stringify(view));
    else for (const text of driftLines(view.machines, view.recent, shell)) line(shell.out, text);
    if (flags.watch) return await follow(client, { machine, isData }, shell);
    return flags['detailed-exitcode'] && countOf(view) > 0 ? 2 : 0;
  },
});

const countOf = ({ machines }: DriftView): number =>
  machines.reduce((sum, each) => sum + each.drift.length, 0);

async function follow(
  client: Client,
  { machine, isData }: { readonly machine: string | undefined; readonly isData: boolean },
  shell: Shell,
): Promise<number> {
  try {
    for await (const event of client.stream('events', { tail: 0, follow: true }, { signal: shell.signal })) {
      if (event.kind !== 'drift' || (machine !== undefined && event.machine !== machine)) continue;
      line(shell.out, isData ? JSON.stringify(event) : eventLine(event, shell));
    }
  } catch (error) {
    if (shell.signal.aborted) return 130; // Ctrl-C is how watching ends
    throw error;
  }
  return 0;
}
