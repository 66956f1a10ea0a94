import { digestOf } from '#base/digest.ts';
import { ingressMachines } from '#plan/machines/ingress.ts';
import { openClient } from '#server/acme/client.ts';
import { makeAccountKey } from '#server/acme/jws.ts';
import { type Obtained, obtain } from '#server/acme/order.ts';
import type { Control } from '#server/control/context.ts';
import type { AcmeModel } from '#spec/ingress-model.ts';

export interface ByAcme {
  readonly control: Pick<Control, 'state' | 'secrets' | 'inventory'>;
  /** What ingress answers to tokens; changed here while something is being proven. */
  readonly challenges: Map<string, string>;
  readonly signal: AbortSignal;
}

/** Machines that are slow to take their manifest are not waited for longer. */
const publishMs = 60_000;

/** Gets a certificate for one host name, which every ingress machine helps to prove. */
export async function getByAcme(host: string, acme: AcmeModel, means: ByAcme): Promise<Obtained> {
  const { control, challenges, signal } = means;
  const client = await openClient({
    ...{ directory: acme.directory, signal, accountKey: await accountKey(acme, control) },
    ...(acme.email === undefined ? {} : { email: acme.email }),
    ...(acme.ca === undefined ? {} : { ca: acme.ca }),
  });
  const own: string[] = [];
  try {
    return await obtain(client, {
      host,
      signal,
      async publish(token, text) {
        // It becomes the name of a file.
        if (!/^[A-Za-z0-9_-]{1,200}$/.test(token)) throw new Error('the authority’s token is none');
        own.push(token);
        challenges.set(token, text);
        await handOut(control, signal);
      },
    });
  } finally {
    for (const token of own) challenges.delete(token);
  }
}

/** The key of the account with this directory: made once, and kept. */
async function accountKey({ directory }: AcmeModel, { state, secrets }: ByAcme['control']): Promise<string> {
  const name = `ballast.acme-account-${digestOf(directory)}`;
  const there = await secrets.newest(name);
  if (there !== undefined) return await secrets.value(`${name}@${there.version}`);
  const key = makeAccountKey();
  await state.exclusive(async () => {
    await state.commit({ set: (await secrets.changeTo(name, key, 'ballast')).set });
  });
  return key;
}

/** Has all machines take a new manifest; settles when those that are connected hold it. */
async function handOut({ state, inventory }: ByAcme['control'], signal: AbortSignal): Promise<void> {
  await state.exclusive(() => state.commit({ set: {}, bump: true }));
  const { number } = state.plan;
  const deadline = state.now() + publishMs;
  while (!signal.aborted && state.now() < deadline) {
    const seen = state.changes.version();
    const { machines } = inventory();
    const behind = ingressMachines(state.policy).some(({ name }) => {
      const report = machines[name];
      return report?.connected && report.converged < number;
    });
    if (!behind) return;
    await state.changes.after(seen, signal, deadline);
  }
}
