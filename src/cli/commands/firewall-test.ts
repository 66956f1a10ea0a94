import { BallastError } from '#base/errors.ts';
import { appFlag, command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import {
  type Expectation,
  expectationOf,
  isAsExpected,
  type Prober,
  portsToTry,
} from '#cli/firewall-words.ts';
import { findMachine } from '#cli/follow-machine.ts';
import { addressTowards, knockFrom, knockFromHere } from '#cli/knocking.ts';
import { isForPeople, printListing } from '#cli/render/output.ts';
import { count } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';
import type { Client } from '#wire/client.ts';
import type { FirewallView, ProbeOutcome, ProbeResult } from '#wire/firewall-views.ts';
import type { MachineView } from '#wire/views.ts';

interface Row extends Expectation {
  readonly machine: string;
  readonly from: string;
  readonly seen: ProbeOutcome | 'not tried';
  readonly ok: boolean;
  readonly why?: string;
}

/** Of many machines only so many are asked to try each of the others. */
const probersMax = 4;

export const firewallTest = command({
  details: `Valid is not verified: this computer and other machines of the fleet try to reach every port that a rule names, that is
published or that something listens on, and what comes of it is compared with what has to. A port that nothing
listens on is refused by whomever, so that such a rule is shown as closed. Only tcp is tried.

With --from, --to or --app services are tried instead of machines: from within a replica on every machine that has one,
to the service's virtual address and to each of its replicas. With --app alone every service tries every other.

Exit codes: 0 all is as it has to be, 1 something differs, 6 machines could not be asked.`,
  args: [{ name: 'MACHINE', summary: 'one machine (default: all)', optional: true, completes: 'machine' }],
  flags: {
    from: {
      kind: 'text',
      value: 'WHO',
      summary: 'who tries: a service, APP/SERVICE, a machine, or internet for this computer',
      completes: 'service',
    },
    to: {
      kind: 'text',
      value: 'SERVICE[:PORT]',
      summary:
        'what is tried: a service or APP/SERVICE (default: all ports that it names or that are in use)',
      completes: 'service',
    },
    app: { ...appFlag.app, summary: 'the app whose services are meant; alone: all of them try each other' },
    ...outputFlag,
  },
  examples: [
    { does: 'All machines, from here and from each other', line: 'ballast firewall test' },
    { does: 'One of them, in JSON', line: 'ballast firewall test app-1 --json' },
    { does: 'Does web reach db?', line: 'ballast firewall test --from web --to db:5432' },
    { does: 'Every service of an app against every other', line: 'ballast firewall test --app guestbook' },
    { does: 'What does this computer reach?', line: 'ballast firewall test --from internet --to web' },
  ],
  async run({ flags, args: [only] }, shell) {
    const client = await connect(flags, shell);
    if ([flags.from, flags.to, flags.app].some((flag) => flag !== undefined)) {
      if (only !== undefined) throw bothAsked(only);
      const { testServices } = await import('#cli/traffic-tests.ts');
      return await testServices(flags, client, shell);
    }
    if (only !== undefined) await findMachine(only, client, shell);
    const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
    const online = machines.filter(({ status }) => status === 'online');
    const views = await Promise.all(
      online.map(({ name }) => client.call('showFirewall', { machine: name }, { signal: shell.signal })),
    );
    const targets = views.filter(({ machine }) => only === undefined || machine === only);
    if (targets.length === 0) throw nobody(only);
    const rows = (
      await Promise.all(
        targets.map((target) => tryMachine(target, { machines: online, views, client }, shell)),
      )
    ).flat();
    const wrong = rows.filter(({ ok }) => !ok);
    await printListing(listing(rows, shell), flags, shell);
    if (isForPeople(flags) && !flags.quiet) {
      const verified = rows.filter(({ ok, expected }) => ok && expected !== 'closed').length;
      line(
        shell.err,
        wrong.length === 0
          ? `${verified} of ${count(rows.length, 'try', 'tries')} verified, none differs`
          : `${count(wrong.length, 'try differs', 'tries differ')} from what has to be`,
      );
    }
    return wrong.length === 0 ? 0 : 1;
  },
});

interface Around {
  readonly machines: readonly MachineView[];
  readonly views: readonly FirewallView[];
  readonly client: Client;
}

async function tryMachine(
  target: FirewallView,
  { machines, views, client }: Around,
  shell: Shell,
): Promise<readonly Row[]> {
  const ports = portsToTry(target);
  const provider = machines.find(({ name }) => name === target.machine)?.provider ?? '';
  const others = views.filter(({ machine }) => machine !== target.machine).slice(0, probersMax);
  const here = async () => {
    const address = await addressTowards(target.address);
    // A computer that is this very machine does not come from outside.
    if (address === target.address) return [];
    const prober = { address };
    const seen = await knockFromHere({ provider, address: target.address }, ports);
    return rowsOf(target, { prober, from: 'here' }, seen);
  };
  const tries = [
    here().catch((cause: unknown) => notTried(target, 'here', cause)),
    ...others.map(async (machine) => {
      const prober = { machine, address: machine.address };
      const from = machine.machine;
      return await knockFrom(from, target, ports, { client, signal: shell.signal })
        .then((seen) => rowsOf(target, { prober, from }, seen))
        .catch((cause: unknown) => notTried(target, from, cause));
    }),
  ];
  return (await Promise.all(tries)).flat();
}

const rowsOf = (
  target: FirewallView,
  { prober, from }: { readonly prober: Prober; readonly from: string },
  results: readonly ProbeResult[],
): readonly Row[] =>
  results.map(({ port, outcome }) => {
    const expectation = expectationOf(target, prober, port);
    const ok = isAsExpected(expectation, outcome);
    return { ...expectation, machine: target.machine, from, seen: outcome, ok };
  });

/** What could not be tried is not verified. */
const notTried = ({ machine }: FirewallView, from: string, cause: unknown): readonly Row[] => [
  {
    ...{ machine, from, port: 0, expected: 'answer', origin: '', seen: 'not tried', ok: false },
    why: cause instanceof Error ? cause.message : String(cause),
  },
];

const listing = (rows: readonly Row[], { out: { paint, marks } }: Shell) => ({
  rows,
  data: { tries: rows, differs: rows.some(({ ok }) => !ok) },
  name: ({ machine, port }: Row) => `${machine}:${port}`,
  empty: 'There was nothing to try.',
  columns: [
    {
      title: '',
      cell: ({ ok }: Row) => (ok ? marks.done : marks.failed),
      paint: (text: string, { ok }: Row) => (ok ? paint.green(text) : paint.red(text)),
    },
    { title: 'MACHINE', cell: ({ machine }: Row) => machine },
    { title: 'PORT', cell: ({ port }: Row) => (port === 0 ? '' : String(port)), right: true },
    { title: 'FROM', cell: ({ from }: Row) => from },
    { title: 'HAS TO', cell: ({ expected }: Row) => words[expected] },
    { title: 'SEEN', cell: ({ seen, why }: Row) => (why === undefined ? seen : `${seen}: ${why}`) },
    { title: 'ASKED BY', cell: ({ origin }: Row) => origin },
  ],
});

const words = { answer: 'answer', refuse: 'be refused', closed: 'be closed: nothing listens' } as const;

const bothAsked = (machine: string): BallastError =>
  new BallastError('usage', `a machine is tried, or services are, and ${machine} is a machine`, {
    fix: `to try from it: ballast firewall test --from ${machine} --to SERVICE`,
  });

const nobody = (only: string | undefined): BallastError =>
  new BallastError('unreachable', `${only ?? 'no machine'} is ${only === undefined ? '' : 'not '}connected`, {
    why: 'what has to answer is known from the machine itself',
    fix: 'see which machines are there: ballast machine ls',
  });
