import type { Client } from '#wire/client.ts';
import type { TrafficTry } from '#wire/traffic-views.ts';
import type { MachineView } from '#wire/views.ts';
import { appMeant } from './app-meant.ts';
import { addressTowards, knockFromHere } from './knocking.ts';
import { isForPeople, type OutputFlags, printListing } from './render/output.ts';
import { count } from './render/text.ts';
import { line, type Shell } from './shell.ts';

export interface TrafficFlags extends OutputFlags {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly app: string | undefined;
  readonly quiet: boolean;
}

interface Row extends TrafficTry {
  readonly ok: boolean;
}

/** Whether services reach each other as they have to. Answers with the exit code. */
export async function testServices(flags: TrafficFlags, client: Client, shell: Shell): Promise<number> {
  const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
  const app = await appMeant(flags.app, client, shell);
  const here = flags.from === 'internet' ? await hereAmong(machines) : undefined;
  const { tries } = await client.call(
    'testTraffic',
    {
      ...(app === undefined ? {} : { app }),
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.to === undefined ? {} : { to: flags.to }),
      ...(here === undefined ? {} : { here }),
    },
    { signal: shell.signal },
  );
  const rows = (await Promise.all(tries.map((one) => fromHere(one, machines)))).map((one) => ({
    ...one,
    ok: isRight(one),
  }));
  const wrong = rows.filter(({ ok }) => !ok);
  await printListing(listing(rows, shell), flags, shell);
  if (isForPeople(flags) && !flags.quiet) line(shell.err, summary(rows, wrong.length));
  return wrong.length === 0 ? 0 : 1;
}

async function hereAmong(machines: readonly MachineView[]): Promise<string | undefined> {
  const [first] = machines.filter(({ status }) => status === 'online');
  return first === undefined ? undefined : await addressTowards(first.address);
}

/** What the fleet leaves to this computer is tried now. */
async function fromHere(one: TrafficTry, machines: readonly MachineView[]): Promise<TrafficTry> {
  if (one.seen !== null) return one;
  const provider = machines.find(({ address }) => address === one.address)?.provider ?? '';
  const begin = performance.now();
  try {
    const [result] = await knockFromHere({ provider, address: one.address }, [one.port]);
    const ms = Math.round((performance.now() - begin) * 10) / 10;
    return { ...one, seen: result?.outcome ?? 'not tried', ms };
  } catch (cause) {
    return { ...one, seen: 'not tried', trouble: cause instanceof Error ? cause.message : String(cause) };
  }
}

/**
 * Nobody is left hanging: silence is never as it has to be. Where there is nothing that could be tried, nothing is
 * amiss either.
 */
export function isRight({ expected, seen, address }: TrafficTry): boolean {
  if (address === '') return true;
  return expected === 'open' ? seen === 'open' : seen === 'refused';
}

function summary(rows: readonly Row[], wrong: number): string {
  if (wrong > 0) return `${count(wrong, 'try differs', 'tries differ')} from what has to be`;
  const proven = rows.filter(({ expected }) => expected === 'open' || expected === 'refused').length;
  return `${proven} of ${count(rows.length, 'try', 'tries')} proven, none differs`;
}

const listing = (rows: readonly Row[], { out: { paint, marks } }: Shell) => ({
  rows,
  data: { tries: rows, differs: rows.some(({ ok }) => !ok) },
  name: ({ from, to, port }: Row) => `${from} ${to}:${port}`,
  empty: 'There was nothing to try.',
  columns: [
    {
      title: '',
      cell: ({ ok }: Row) => (ok ? marks.done : marks.failed),
      paint: (text: string, { ok }: Row) => (ok ? paint.green(text) : paint.red(text)),
    },
    { title: 'FROM', cell: ({ from }: Row) => from },
    { title: 'ON', cell: ({ machine }: Row) => machine ?? '' },
    { title: 'TO', cell: ({ to, port }: Row) => (port === 0 ? to : `${to}:${port}`) },
    { title: 'AT', cell: ({ at }: Row) => at },
    { title: 'HAS TO', cell: ({ expected }: Row) => words[expected] },
    {
      title: 'SEEN',
      cell: ({ seen, ms, trouble }: Row) =>
        trouble === undefined ? `${seen}${ms === undefined ? '' : ` in ${ms} ms`}` : `${seen}: ${trouble}`,
    },
    { title: 'BECAUSE', cell: ({ why }: Row) => why },
    { title: 'ASKED BY', cell: ({ origin }: Row) => origin },
    { title: 'ADDRESS', cell: ({ address }: Row) => address, wide: true },
    { title: 'REPLICA', cell: ({ replica }: Row) => replica ?? '', wide: true },
  ],
});

const words = {
  open: 'answer',
  refused: 'be refused',
  closed: 'be closed: nothing listens',
  unproven: 'be refused; nothing listens',
} as const;
