import { setTimeout as sleep } from 'node:timers/promises';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { isInVain } from '#converge/backoff.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Client } from '#wire/client.ts';
import type { MachineView } from '#wire/views.ts';
import { changeSummary } from './fleet-changes.ts';
import { followMachine } from './follow-machine.ts';
import { waitDefaultMs } from './follow-rollout.ts';
import type { LoadedFleet } from './load-fleet.ts';
import { conformityWord } from './machine-words.ts';
import { formOf, type OutputFlags, printData } from './render/output.ts';
import type { Progress } from './render/progress.ts';
import { count, listOf } from './render/text.ts';
import type { Shell } from './shell.ts';
import { failureLine } from './step-failure.ts';

interface FleetFlags extends OutputFlags {
  readonly detach: boolean;
  readonly timeout: number | undefined;
  /** Machines that may go whatever is lost with them. */
  readonly force: readonly string[];
}

const askMs = 300;

/** Applies a fleet file and waits until its machines are online and up to date. */
export async function deployFleet(
  { fleet, origins }: LoadedFleet,
  flags: FleetFlags,
  { client, progress }: { readonly client: Client; readonly progress: Progress },
  shell: Shell,
): Promise<number> {
  const { paint, marks } = shell.err;
  // What cannot be previewed is told when it is applied.
  const preview = await client
    .call('previewFleet', { fleet, origins }, { signal: shell.signal })
    .catch(() => undefined);
  const applied = await progress.step(
    `fleet ${fleet.name}`,
    () =>
      client.call(
        'applyFleet',
        { fleet, origins, ...(flags.force.length > 0 ? { force: flags.force } : {}) },
        { signal: shell.signal },
      ),
    ({ machines }) => `${count(machines.length, 'machine')}: ${listOf(machines)}`,
  );
  for (const text of changeSummary(preview?.changes ?? [], shell.err)) progress.note(text);
  await joinPending(fleet, { client, progress }, shell);
  const machines = flags.detach
    ? []
    : await waitForMachines(applied.machines, { ...flags, plan: applied.plan }, { client, progress }, shell);
  if (!flags.detach) {
    for (const name of applied.leaving) await waitUntilGone(name, flags, { client, progress }, shell);
    progress.note(
      `${paint.green(marks.done)} ${paint.bold(fleet.name)}: ${count(applied.machines.length, 'machine')} online and up to date  ${paint.dim(showDuration(progress.elapsedMs()))}`,
    );
  }
  const form = formOf(flags);
  if (form === 'json' || form === 'yaml')
    await printData({ fleet: fleet.name, ...applied, status: machines }, form, shell);
  return 0;
}

/** A machine that the file no longer names: its replicas move, then it goes. */
const waitUntilGone = async (
  name: string,
  { timeout: timeoutMs }: FleetFlags,
  means: { readonly client: Client; readonly progress: Progress },
  shell: Shell,
): Promise<void> => {
  const until = (machine: MachineView | undefined): boolean => machine === undefined;
  await followMachine({ name, what: `${name} leaves the fleet`, until, timeoutMs }, means, shell);
};

/** Machines the file names by their ssh address have nobody else who could install their agent. */
async function joinPending(
  { pools }: FleetModel,
  means: { readonly client: Client; readonly progress: Progress },
  shell: Shell,
): Promise<void> {
  const foreign = Object.values(pools).filter(
    ({ provider, address }) => provider === 'ssh' && address !== undefined,
  );
  if (foreign.length === 0) return;
  const { machines } = await means.client.call('listMachines', {}, { signal: shell.signal });
  for (const { name, address = '', labels } of foreign) {
    const status = machines.find((machine) => machine.name === name)?.status;
    if (status !== undefined && status !== 'pending') continue;
    const { joinOverSsh } = await import('./ssh-machine.ts');
    means.progress.note(`${name} has not joined yet:`);
    await joinOverSsh({ name, ssh: address, labels }, means, shell);
  }
}

/** Waits until every one of the machines is online and holds what the newest plan wants of it. */
export async function waitForMachines(
  names: readonly string[],
  flags: {
    readonly timeout: number | undefined;
    /** What failed for an earlier plan says nothing of this one. */
    readonly plan?: number;
  },
  { client, progress }: { readonly client: Client; readonly progress: Progress },
  shell: Shell,
): Promise<readonly MachineView[]> {
  const { plan = 0, timeout: timeoutMs = waitDefaultMs } = flags;
  const until = shell.now() + timeoutMs;
  const told = new Map<string, string>();
  const failures = new Set<string>();
  return await progress.step(`waiting for ${listOf(names)}`, async (say) => {
    for (;;) {
      const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
      const wanted = machines
        .filter(({ name }) => names.includes(name))
        .map((machine) => ({ ...machine, failures: failuresSince(plan, machine) }));
      const missing = wanted.filter(
        ({ status, conformity }) => status !== 'online' || conformity !== 'up-to-date',
      );
      for (const machine of wanted) {
        const word = wordOf(machine);
        if (told.get(machine.name) !== word) progress.tell(`  ${machine.name} ${word}`);
        told.set(machine.name, word);
        for (const { times: _, log = [], ...step } of machine.failures) {
          const failure = `${machine.name}: ${failureLine(step)}`;
          if (!failures.has(failure))
            [`  ${failure}`, ...log.slice(-3).map((text) => `    ${shell.err.marks.bar} ${text}`)].forEach(
              progress.note,
            );
          failures.add(failure);
        }
      }
      const stuck = missing.filter(isStuck);
      if (missing.length > 0 && stuck.length === missing.length) throw hopeless(stuck);
      if (wanted.length === names.length && missing.length === 0) return wanted;
      say(missing.map((machine) => `${machine.name} ${wordOf(machine)}`).join(', '));
      if (shell.now() > until) throw tooLong(missing, timeoutMs);
      await sleep(askMs, undefined, { signal: shell.signal });
    }
  });
}

/** Failures of steps for this plan or a later one, and of the agent itself. */
const failuresSince = (
  plan: number,
  { failures, failuresOf = plan }: MachineView,
): MachineView['failures'] =>
  failuresOf >= plan ? failures : failures.filter(({ origin }) => origin === undefined);

/** Whether a machine has a step that failed so often that waiting for it is in vain. */
const isStuck = ({ status, failures }: MachineView): boolean =>
  status === 'online' && failures.some(isInVain);

function hopeless(stuck: readonly MachineView[]): BallastError {
  const steps = stuck.flatMap(({ name, failures }) =>
    failures.filter(isInVain).map((step) => ({ name, ...step })),
  );
  const names = listOf(stuck.map(({ name }) => name));
  if (steps.every(({ final }) => final)) {
    return new BallastError('undone', `${names} took changes back that cut it off from the control plane`, {
      why: steps.map(({ name, what }) => `${name}: ${what}`).join('\n'),
      fix: 'change what asked for them and deploy again: what was undone is not tried again as it was',
    });
  }
  return new BallastError('command-failed', `${names} cannot be set up: a step fails again and again`, {
    why: steps.map((step) => `${step.name}: ${failureLine(step)}`).join('\n'),
    log: steps.find(({ log }) => log !== undefined)?.log ?? [],
    fix: 'mend what it says; the machine tries again by itself every minute: ballast status',
  });
}

function wordOf(machine: MachineView): string {
  const { status, seenAt } = machine;
  if (status === 'pending') return 'has not joined yet';
  if (status === 'offline') return seenAt === null ? 'has joined' : 'is offline';
  return (
    {
      yes: 'is up to date',
      updating: 'is being set up',
      failing: machine.failures.length > 0 ? 'has a failed step' : 'is being set up',
    }[conformityWord(machine)] ?? 'is joining'
  );
}

function tooLong(missing: readonly MachineView[], timeoutMs: number): BallastError {
  const away = missing.filter(({ status }) => status !== 'online');
  const failure = missing.flatMap(({ name, failures }) => failures.map((step) => ({ name, ...step })))[0];
  return new BallastError(
    away.length > 0 ? 'unreachable' : 'timed-out',
    `after ${showDuration(timeoutMs)} ${missing.map((machine) => `${machine.name} ${wordOf(machine)}`).join(', ')}`,
    {
      ...(failure ? { why: `${failure.name}: ${failureLine(failure)}`, log: failure.log ?? [] } : {}),
      fix: 'they go on by themselves; see how far they are: ballast machine ls',
    },
  );
}
