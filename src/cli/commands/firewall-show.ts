import { showSize } from '#base/size.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { portWords } from '#cli/firewall-words.ts';
import { findMachine } from '#cli/follow-machine.ts';
import { printListing } from '#cli/render/output.ts';
import type { FirewallRuleView, FirewallView } from '#wire/firewall-views.ts';

interface Row extends FirewallRuleView {
  readonly machine: string;
  readonly lets: boolean;
}

export const firewallShow = command({
  details: `What reaches the machines themselves by their security groups and by the needs of the fleet, line by line: who may, which
ports, how often it happened since the rules were last changed, and which line of the fleet file asked for it. All
else is refused at once, and counted in the last line. Published ports lead to containers and are not listed here.`,
  args: [{ name: 'MACHINE', summary: 'one machine (default: all)', optional: true, completes: 'machine' }],
  flags: { ...outputFlag },
  examples: [
    { does: 'All machines', line: 'ballast firewall show' },
    { does: 'One of them, with the networks behind the groups', line: 'ballast firewall show app-1 -o wide' },
  ],
  async run({ flags, args: [only] }, shell) {
    const client = await connect(flags, shell);
    const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
    const names =
      only === undefined ? machines.map(({ name }) => name) : [(await findMachine(only, client, shell)).name];
    const views = await Promise.all(
      names.map((machine) => client.call('showFirewall', { machine }, { signal: shell.signal })),
    );
    await printListing(
      {
        rows: views.flatMap(rowsOf),
        data: { machines: views },
        name: ({ machine, origin }) => `${machine} ${origin}`,
        empty: 'There are no machines yet.',
        columns: [
          { title: 'MACHINE', cell: ({ machine }) => machine },
          { title: 'WAY', cell: ({ direction }) => direction },
          {
            title: 'RULE',
            cell: ({ lets }) => (lets ? 'lets through' : 'refuses'),
            paint: (text, { lets }) => (lets ? text : shell.out.paint.yellow(text)),
          },
          { title: 'PORTS', cell: ({ ports, lets }) => (lets ? portWords(ports) : 'all else') },
          { title: 'WHO', cell: ({ who }) => who },
          { title: 'PACKETS', cell: ({ packets }) => String(packets ?? 'unknown'), right: true },
          { title: 'BYTES', cell: ({ bytes }) => (bytes === null ? '' : showSize(bytes)), right: true },
          { title: 'ASKED BY', cell: ({ origin }) => origin },
          {
            title: 'NETWORKS',
            cell: ({ places }) => (places === 'any' ? 'any' : places.join(',') || 'none'),
            wide: true,
          },
        ],
      },
      flags,
      shell,
    );
    return 0;
  },
});

/** The rules of a machine, with what they leave over at the end. */
function rowsOf({ machine, rules, refused, shutIn, connected }: FirewallView): readonly Row[] {
  const rest = (direction: 'in' | 'out', comment: string): Row => {
    const met = refused.find((counter) => counter.comment === comment);
    return {
      ...{ machine, lets: false, direction, who: 'any', places: 'any', ports: [], origin: 'firewall' },
      ...{ packets: connected ? (met?.packets ?? 0) : null, bytes: connected ? (met?.bytes ?? 0) : null },
    };
  };
  const through = rules.map((rule) => ({ ...rule, machine, lets: true }));
  return [...through, rest('in', 'refused'), ...(shutIn ? [rest('out', 'refused to go out')] : [])];
}
