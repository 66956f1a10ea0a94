import { BallastError } from '#base/errors.ts';
import { answersAt } from '#cli/answers-at.ts';
import { filesToRead } from '#cli/app-files.ts';
import { command, filesFlag, formFlag, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { printWarnings } from '#cli/failure.ts';
import { finishRollout } from '#cli/finish-rollout.ts';
import { forceFlag } from '#cli/force-names.ts';
import { loadPlanned, type Planned } from '#cli/load-planned.ts';
import { pinProgress } from '#cli/pin-progress.ts';
import { isForPeople } from '#cli/render/output.ts';
import { type Progress, progressOn } from '#cli/render/progress.ts';
import { count, listOf } from '#cli/render/text.ts';
import { leavingOf } from '#cli/rollout-outcome.ts';
import { readSecretValues } from '#cli/secret-values.ts';
import type { Shell } from '#cli/shell.ts';
import { refuseProblems, showPlan } from '#cli/show-plan.ts';
import type { AppModel } from '#spec/model.ts';
import type { Client } from '#wire/client.ts';
import type { RegistryAccess, ReleaseAnswer } from '#wire/views.ts';

export const deploy = command({
  details: `Builds and pushes what is to be built, makes a release and replaces replicas step by step. A release that does
not become healthy is rolled back by itself. A fleet file is applied the same way: deploy -f fleet.yaml.

Exit codes: 0 healthy, 3 it failed and what ran before runs again, if anything did, 4 timed out (the rollout goes on), 5 somebody else changed the app meanwhile,
6 machines could not be reached, 65 the file is wrong, 130 you stopped waiting.`,
  args: [],
  flags: {
    ...filesFlag,
    ...formFlag,
    ...waitFlags,
    'dry-run': { kind: 'switch', summary: 'only show what would change: the same as ballast plan' },
    force: {
      ...forceFlag.force,
      summary:
        'of a fleet file: have it so whatever is lost with this machine (volumes, the registry, room), or though the firewall or access locks people out; the refusal says which name to give; may be repeated',
    },
    note: { kind: 'text', value: 'TEXT', summary: 'why, for ballast releases (default: deploy)' },
  },
  examples: [
    { does: 'The Compose file of this directory', line: 'ballast deploy' },
    { does: 'Another file with one laid over it', line: 'ballast deploy -f compose.yaml -f production.yaml' },
    {
      does: 'In a pipeline: wait at most ten minutes, answer in JSON',
      line: 'ballast deploy --timeout 10m --json',
    },
    { does: 'The machines themselves', line: 'ballast deploy -f fleet.yaml' },
    { does: 'A Compose file that a program writes', line: 'generate | ballast deploy -f -' },
  ],
  async run({ flags }, shell) {
    const files = filesToRead(flags.file, shell);
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || !isForPeople(flags));
    const { fleet, app: loaded } = await loadPlanned(files, flags, client, shell);
    if (flags['dry-run']) {
      const planned = { ...(fleet ? { fleet } : {}), ...(loaded ? { app: loaded } : {}) };
      return await showPlan(planned, { ...flags, 'detailed-exitcode': false }, client, shell);
    }
    if (fleet) {
      const { deployFleet } = await import('#cli/deploy-fleet.ts');
      // Of two answers for machines the app's is the last and only one.
      const told = loaded ? ({ ...flags, output: 'table', json: false } as const) : flags;
      await deployFleet(fleet, told, { client, progress }, shell);
    }
    if (!loaded) return 0;
    const { model } = loaded;
    progress.note(
      `${shell.err.paint.green(shell.err.marks.done)} ${listOf(loaded.shown)}: app ${shell.err.paint.bold(model.name)}, ${count(Object.keys(model.services).length, 'service')}`,
    );
    const release = { loaded, note: flags.note ?? 'deploy' };
    const answer = await makeRelease(release, { client, progress }, shell);
    return await finishRollout(
      {
        app: model.name,
        answer,
        async ending({ replicas }) {
          if (Object.values(model.services).every(({ ports }) => ports.length === 0)) return [];
          const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
          return answersAt(model, machines, replicas, shell.err.paint);
        },
      },
      flags,
      { client, progress },
      shell,
    );
  },
});

interface Wanted {
  readonly loaded: NonNullable<Planned['app']>;
  readonly note: string;
}

/** Images first, then the release: refused when somebody made another since we began. */
async function makeRelease(
  { loaded, note }: Wanted,
  { client, progress }: { readonly client: Client; readonly progress: Progress },
  shell: Shell,
): Promise<ReleaseAnswer> {
  const { model, origins, access } = loaded;
  let asked = false;
  try {
    const secretValues = readSecretValues(model, origins, shell.env);
    const before = newestRelease(model.name, client, shell);
    before.catch(() => {}); // met below
    const registry = await access;
    // Before images are built, which may take minutes: what the fleet would refuse anyway.
    const preview = await client.call('previewApp', { model, origins }, { signal: shell.signal });
    refuseProblems(preview);
    printWarnings(preview.warnings ?? [], shell);
    const pinned = await pin(loaded, registry, progress, shell);
    const request = { model: pinned, origins, note, secretValues, ifRelease: await before };
    asked = true;
    const answer = await client.call(
      'createRelease',
      { app: model.name, ...request },
      { signal: shell.signal },
    );
    if (answer.changed) {
      progress.note(
        `${shell.err.paint.green(shell.err.marks.done)} release ${answer.release} of ${model.name}`,
      );
    }
    return answer;
  } catch (error) {
    if (!shell.signal.aborted) throw error;
    if (asked) throw leavingOf(model.name, 0);
    throw new BallastError('interrupted', 'interrupted: nothing was changed on the fleet', {
      fix: 'deploy again when you like: what was built and pushed is kept',
    });
  }
}

async function pin(
  { model, origins }: Wanted['loaded'],
  access: RegistryAccess,
  progress: Progress,
  shell: Shell,
): Promise<AppModel> {
  const { pinImages } = await import('#host/images/pin.ts');
  let summary = '';
  return await progress.step(
    'images',
    async (say) => {
      const following = pinProgress(progress, say);
      const pinned = await pinImages({
        model,
        origins,
        access,
        onProgress: following.on,
        signal: shell.signal,
      });
      summary = following.summary();
      return pinned;
    },
    () => summary,
  );
}

async function newestRelease(app: string, client: Client, shell: Shell): Promise<number | null> {
  try {
    const { releases } = await client.call('listReleases', { app }, { signal: shell.signal });
    return releases.length === 0 ? null : Math.max(...releases.map(({ number }) => number));
  } catch (error) {
    if (error instanceof BallastError && error.code === 'not-found') return null;
    throw error;
  }
}
