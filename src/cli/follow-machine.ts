import { setTimeout as sleep } from 'node:timers/promises';
import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import type { MachineView, ReplicaView } from '#wire/views.ts';
import { meantName } from './app-files.ts';
import { waitDefaultMs } from './follow-rollout.ts';
import { lifeWord } from './machine-words.ts';
import type { Progress } from './render/progress.ts';
import { count, listOf } from './render/text.ts';
import type { Shell } from './shell.ts';

const askMs = 250;
/** For how long nothing may move before it counts as stuck. */
const stuckMs = 4_000;

interface Means {
  readonly client: Client;
  readonly progress: Progress;
}

/** The machine of that name, or an error that suggests which one was meant. */
export async function findMachine(name: string, client: Client, shell: Shell): Promise<MachineView> {
  const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
  const found = machines.find((machine) => machine.name === name);
  if (found) return found;
  const known = machines.map((machine) => machine.name);
  throw new BallastError('not-found', `there is no machine "${name}"`, {
    fix: meantName(name, known, 'machines'),
  });
}

/** Waits until a machine's view is as wished; undefined: there is no machine of that name any more. */
export async function followMachine(
  wish: {
    readonly name: string;
    readonly what: string;
    readonly until: (machine: MachineView | undefined) => boolean;
    readonly timeoutMs: number | undefined;
    /** Looked at each time; may throw to end the waiting. */
    readonly look?: (machine: MachineView) => Promise<void>;
  },
  { client, progress }: Means,
  shell: Shell,
): Promise<void> {
  const timeoutMs = wish.timeoutMs ?? waitDefaultMs;
  const end = shell.now() + timeoutMs;
  let last = '';
  await progress.step(wish.what, async (say) => {
    for (;;) {
      const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
      const machine = machines.find(({ name }) => name === wish.name);
      if (wish.until(machine)) return;
      const word = machine === undefined ? 'gone' : lifeWord(machine, shell.now());
      const text = machine?.note === undefined ? word : `${word}: ${machine.note}`;
      if (text !== last) progress.tell(`  ${wish.name} ${text}`);
      last = text;
      say(text);
      if (machine) await wish.look?.(machine);
      if (shell.now() > end) throw tooLong(wish.name, text, timeoutMs);
      await sleep(askMs, undefined, { signal: shell.signal });
    }
  });
}

const tooLong = (name: string, text: string, timeoutMs: number): BallastError =>
  new BallastError('timed-out', `after ${showDuration(timeoutMs)} ${name} is still not as wished`, {
    why: `it is ${text}`,
    fix: 'it goes on by itself: see how it stands with `ballast machine ls`',
  });

/** Waits until all replicas of a machine are healthy elsewhere. Ends as soon as it is clear that some cannot move. */
export async function waitUntilDrained(
  name: string,
  flags: { readonly timeout: number | undefined },
  means: Means,
  shell: Shell,
): Promise<void> {
  let still = { key: '', since: shell.now() };
  await followMachine(
    {
      name,
      what: `${name} gives its replicas to others`,
      until: (machine) => machine === undefined || machine.state === 'drained',
      timeoutMs: flags.timeout,
      async look() {
        const stays = await staying(name, means.client, shell);
        const key = stays.replicas.map(({ id }) => id).join();
        if (key !== still.key || stays.why.length === 0) still = { key, since: shell.now() };
        if (shell.now() - still.since > stuckMs) throw stuck(name, stays);
      },
    },
    means,
    shell,
  );
}

interface Staying {
  readonly replicas: readonly ReplicaView[];
  /** Why they cannot move. Empty: some of them are on their way. */
  readonly why: readonly string[];
}

async function staying(name: string, client: Client, shell: Shell): Promise<Staying> {
  const options = { signal: shell.signal };
  const [{ replicas: all }, { apps }] = await Promise.all([
    client.call('listReplicas', {}, options),
    client.call('listApps', {}, options),
  ]);
  const replicas = all.filter(({ machine }) => machine === name);
  const why = replicas.flatMap(({ app, service }) => {
    const waiting = apps.find((one) => one.name === app)?.waiting ?? [];
    return waiting.filter((text) => text.startsWith(`${service}: `)).map((text) => `${app}: ${text}`);
  });
  const moving = all.some(({ phase }) => phase !== 'serving');
  return { replicas, why: moving ? [] : [...new Set(why)] };
}

const stuck = (name: string, { replicas, why }: Staying): BallastError =>
  new BallastError(
    'does-not-fit',
    `${count(replicas.length, 'replica')} cannot leave ${name}: ${listOf(replicas.map(({ id }) => id))}`,
    {
      why: why.join('\n'),
      fix: `they run on there and move once they can; or let them stay: ballast machine uncordon ${name}`,
    },
  );
