import type { Hub } from '#server/hub.ts';
import type { Output } from '#wire/operations.ts';
import type { MachineUsage } from '#wire/usage.ts';
import type { Picture } from './app-views.ts';

/** Time a machine has to answer: one that is busy must not hold up what is known of the others. */
const answerMs = 3_000;

/** What machines and their replicas use now; those that do not answer are left out. Nothing of it is kept. */
export async function askUsage({ plan }: Picture, hub: Hub): Promise<Output<'listUsage'>> {
  const answers = await Promise.all(
    hub.connected.map(async (machine) => {
      const replicas = Object.values(plan.replicas).filter((replica) => replica.machine === machine);
      const usage = await ask(
        hub,
        machine,
        replicas.map(({ id }) => id),
      ).catch(() => undefined);
      return usage === undefined ? [] : [{ machine, ...usage }];
    }),
  );
  return { machines: answers.flat() };
}

async function ask(
  hub: Hub,
  machine: string,
  replicas: readonly string[],
): Promise<MachineUsage | undefined> {
  const stream = hub.open(machine, { kind: 'usage', replicas });
  const late = setTimeout(() => stream.cancel(), answerMs);
  try {
    let usage: MachineUsage | undefined;
    for await (const message of stream.messages) if (message.kind === 'usage') usage = message.usage;
    return usage;
  } finally {
    clearTimeout(late);
  }
}
