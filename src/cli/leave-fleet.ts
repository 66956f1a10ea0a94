import { setTimeout as sleep } from 'node:timers/promises';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { isInVain } from '#converge/backoff.ts';
import type { Client } from '#wire/client.ts';
import type { MachineView, ReplicaView } from '#wire/views.ts';
import { waitDefaultMs } from './follow-rollout.ts';
import type { Progress } from './render/progress.ts';
import { count, listOf } from './render/text.ts';
import type { Shell } from './shell.ts';

interface LeaveFlags {
  readonly force: boolean;
  readonly ssh: string | undefined;
  readonly identity: string | undefined;
  readonly timeout: number | undefined;
}

interface Means {
  readonly client: Client;
  readonly progress: Progress;
}

const askMs = 200;

/**
 * Takes a machine that the server did not make out of the fleet, in an order that can be cut off anywhere and begun
 * again: first it drops what the fleet put on it, then its agent goes, and only then does the fleet forget it. By
 * force what cannot be done is told and passed over.
 */
export async function leaveFleet(
  machine: MachineView,
  flags: LeaveFlags,
  means: Means,
  shell: Shell,
): Promise<void> {
  const { client, progress } = means;
  const { name } = machine;
  const input = { machine: name, ...(flags.force ? { force: true } : {}) };
  await client.call('emptyMachine', input, { signal: shell.signal });
  const emptied = await unlessForced(flags, progress, () => waitUntilEmpty(machine, flags, means, shell));
  // One that joined by itself was never logged in to, and whoever made it ends it with all that is on it.
  const others = machine.provider === 'user-data' && flags.ssh === undefined;
  const clean =
    !others && (await unlessForced(flags, progress, () => takeOff(machine, flags, progress, shell)));
  if (others) progress.note('  its agent stays on it until it is deleted where it was made');
  await client.call('removeMachine', input, { signal: shell.signal });
  if (!emptied && !clean) tellLeftover(machine, progress, shell);
}

/** Whether it went well; a failure ends everything, unless the machine is to go by force. */
async function unlessForced(
  { force }: LeaveFlags,
  { note }: Progress,
  action: () => Promise<void>,
): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (!force || !(error instanceof BallastError) || error.code === 'interrupted') throw error;
    const why = error.detail.why === undefined ? '' : `: ${error.detail.why}`;
    note(`  ${error.message}${why}`);
    return false;
  }
}

/** Settles when the machine has said that it holds nothing any more. */
async function waitUntilEmpty(
  { name }: MachineView,
  flags: LeaveFlags,
  { client, progress }: Means,
  shell: Shell,
): Promise<void> {
  const timeoutMs = flags.timeout ?? waitDefaultMs;
  const until = shell.now() + timeoutMs;
  await progress.step(`${name} drops what the fleet put on it`, async (say) => {
    for (;;) {
      const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
      const now = machines.find((each) => each.name === name);
      if (now === undefined || now.leaving === 'empty') return;
      const failure = now.failures.find(isInVain);
      if (failure !== undefined) {
        throw new BallastError('command-failed', `${name} cannot drop ${failure.resource}`, {
          why: failure.what,
          log: failure.log ?? [],
          fix: `mend what it says and run this again; or pass it over: ballast machine rm ${name} --force ${name}`,
        });
      }
      if (now.status !== 'online' && (flags.force || shell.now() > until)) throw away(name);
      if (shell.now() > until) throw tooLong(now, timeoutMs);
      say(now.status === 'online' ? (now.failures[0]?.what ?? '') : 'it is not connected');
      await sleep(askMs, undefined, { signal: shell.signal });
    }
  });
}

const away = (name: string): BallastError =>
  new BallastError('unreachable', `${name} is not connected, so it cannot be told to stop what it runs`, {
    fix: `bring it back and run this again; or put it out as it is: ballast machine rm ${name} --force ${name}`,
  });

const tooLong = ({ name, failures: [failure] }: MachineView, timeoutMs: number): BallastError =>
  new BallastError(
    'timed-out',
    `after ${showDuration(timeoutMs)} ${name} still holds things the fleet put on it`,
    {
      ...(failure ? { why: `${failure.resource}: ${failure.what}`, log: failure.log ?? [] } : {}),
      fix: `it goes on by itself; run this again to see the end: ballast machine rm ${name}`,
    },
  );

async function takeOff(
  { name, address }: MachineView,
  { ssh = `root@${address}`, identity }: LeaveFlags,
  progress: Progress,
  shell: Shell,
): Promise<void> {
  const { leaveOverSsh } = await import('./ssh-machine.ts');
  try {
    await progress.step(`take the agent off ${ssh}`, () => leaveOverSsh(name, { ssh, identity }, shell));
  } catch (error) {
    if (!(error instanceof BallastError) || error.code === 'interrupted') throw error;
    const { why, fix, log = [] } = error.detail;
    const another = `say how to log in: ballast machine rm ${name} --ssh USER@ADDRESS --identity FILE`;
    throw new BallastError(error.code, `the agent of ${name} could not be taken off: ${error.message}`, {
      ...(why === undefined ? {} : { why }),
      log,
      fix: [
        // Its own advice is about letting a key in, which few want for a machine that goes.
        ...(fix === undefined || error.code === 'forbidden' ? [] : [fix]),
        ...(error.code === 'forbidden' ? [another] : []),
        `or leave the agent there: ballast machine rm ${name} --force ${name}`,
      ].join('; '),
    });
  }
}

/** What goes on at a machine that was put out unseen, and how to end it. */
function tellLeftover({ name }: MachineView, { note }: Progress, { err }: Shell): void {
  const arrow = err.paint.cyan(err.marks.arrow);
  note(`  ${err.paint.yellow(err.marks.warning)} what ${name} ran goes on there, out of the fleet's sight:`);
  note('      its containers, units, firewall and agent are still on it, and so are its volumes');
  note(`  ${arrow} when it is back, as root on it: ballast agent --leave`);
  note(`  ${arrow} or let it in again, which clears up first: ballast machine add ${name} --ssh ...`);
}

/** What putting it out does, for those who are asked. */
export function consequencesOf(
  { name, provider, status }: MachineView,
  here: readonly ReplicaView[],
  force: boolean,
): readonly string[] {
  const replicas = here.filter(({ machine }) => machine === name).map(({ id }) => id);
  return [
    ...(replicas.length === 0
      ? []
      : [`${count(replicas.length, 'replica')} on it must run elsewhere: ${listOf(replicas)}`]),
    ...(isMadeHere(provider) ? ['it is destroyed with all that is on it'] : []),
    ...(!isMadeHere(provider) && status === 'offline' ? ['it is away: what it runs goes on there'] : []),
    ...(force ? ['the fleet gives up the data of volumes on it'] : []),
  ];
}

/** Says where the replicas went that were on a machine, and what has no place now. */
export async function tellMoves(
  name: string,
  before: readonly ReplicaView[],
  { client, progress }: Means,
  shell: Shell,
): Promise<void> {
  const options = { signal: shell.signal };
  const [{ replicas }, { apps }] = await Promise.all([
    client.call('listReplicas', {}, options),
    client.call('listApps', {}, options),
  ]);
  const { paint, marks } = shell.err;
  for (const { app, service, slot, id } of before.filter(({ machine }) => machine === name)) {
    const now = replicas.find(
      (each) => each.app === app && each.service === service && each.slot === slot && each.machine !== name,
    );
    progress.note(`  ${id} ${paint.cyan(marks.arrow)} ${now?.machine ?? 'no machine yet'}`);
  }
  for (const { name: app, waiting } of apps) {
    for (const text of waiting) progress.note(`  ${paint.yellow(marks.warning)} ${app}: ${text}`);
  }
}

/** Whether the server makes and destroys such machines. */
const isMadeHere = (provider: string): boolean => provider === 'local' || provider === 'incus';
