import type { Hub } from '#server/hub.ts';
import { keys } from '#server/keys.ts';
import type { Log } from '#server/log.ts';
import type { Secrets } from '#server/secrets.ts';
import type { FleetState } from '#server/state.ts';

/** A volume that is to go, as soon as nothing uses it and its machine is there. */
export interface StoredDeletion {
  readonly app: string;
  readonly volume: string;
  readonly machine: string;
  /** The volume's name on the machine. */
  readonly name: string;
  readonly by: string;
}

const deletionTimeoutMs = 60_000;

/** Clears up behind apps that are gone: their releases and secrets, and the volumes a person named. */
export function createHousekeeping(
  state: FleetState,
  { hub, secrets, log }: { readonly hub: Hub; readonly secrets: Secrets; readonly log: Log },
): { readonly tidy: () => Promise<void> } {
  const running = new Set<string>();

  async function forgetApps(): Promise<void> {
    const gone = goneApps(state);
    if (gone.length === 0) return;
    await state.exclusive(async () => {
      for (const app of goneApps(state)) {
        const releases = (await state.store.list(keys.releases(app))).entries.map((entry) => [
          entry.key,
          null,
        ]);
        const set: Record<string, unknown> = { [keys.app(app)]: null, ...Object.fromEntries(releases) };
        for (const { name } of await secrets.list()) {
          if (name.startsWith(`${app}.`)) Object.assign(set, await secrets.removal(name, 'ballast'));
        }
        await state.commit({ set });
      }
    });
  }

  async function deleteVolumes(): Promise<void> {
    for (const { key, value } of (await state.store.list(keys.deletions)).entries) {
      const deletion = JSON.parse(value) as StoredDeletion;
      if (running.has(key) || deletion.app in state.plan.apps || deletion.app in state.policy.apps) continue;
      const report = hub.inventory.machines[deletion.machine];
      const machineGone = !(deletion.machine in state.policy.machines);
      if (!machineGone && !(report?.connected && report.converged >= state.plan.number)) continue;
      running.add(key);
      void deleteVolume(deletion, key, machineGone)
        .catch((cause: unknown) =>
          log.error('a volume could not be deleted', cause, { volume: deletion.name }),
        )
        .finally(() => running.delete(key));
    }
  }

  async function deleteVolume(deletion: StoredDeletion, key: string, machineGone: boolean): Promise<void> {
    const { app, volume, machine, name, by } = deletion;
    const error = machineGone ? undefined : await askToDelete(hub, machine, name);
    await state.exclusive(() =>
      state.commit({
        set: {
          [key]: null,
          ...(error === undefined
            ? { [keys.dropped]: [...(state.policy.droppedVolumes ?? []), `${app}/${volume}`] }
            : {}),
        },
        events: [
          error === undefined
            ? {
                kind: 'volume-deleted',
                app,
                machine,
                subject: volume,
                by,
                what: `volume ${name} was deleted`,
              }
            : {
                kind: 'volume-kept',
                app,
                machine,
                subject: volume,
                what: `volume ${name} could not be deleted: ${error}`,
              },
        ],
      }),
    );
  }

  /** The planner has forgotten these volumes' places, so they need not be named any longer. */
  async function forgetDropped(): Promise<void> {
    const dropped = state.policy.droppedVolumes ?? [];
    if (dropped.length === 0 || dropped.some((volume) => volume in state.plan.volumes)) return;
    await state.exclusive(() => state.commit({ set: { [keys.dropped]: null } }));
  }

  return {
    async tidy() {
      await forgetApps();
      await deleteVolumes();
      await forgetDropped();
    },
  };
}

function goneApps(state: FleetState): readonly string[] {
  return Object.values(state.policy.apps)
    .filter((app) => app.wanted === null && !(app.name in state.plan.apps))
    .map((app) => app.name);
}

/** Settles with what stood in the way, or undefined when the volume is gone. */
async function askToDelete(hub: Hub, machine: string, volume: string): Promise<string | undefined> {
  const stream = hub.open(machine, { kind: 'delete-volume', volume });
  const late = setTimeout(() => stream.cancel(), deletionTimeoutMs);
  try {
    for await (const message of stream.messages) {
      if (message.kind === 'end') {
        return message.code === 0 ? undefined : (message.error ?? `exit code ${message.code}`);
      }
    }
    return 'the machine did not answer in time';
  } finally {
    clearTimeout(late);
  }
}
