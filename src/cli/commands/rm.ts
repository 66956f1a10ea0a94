import { showDuration } from '#base/duration.ts';
import { command, waitFlags, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { connect } from '#cli/connect.ts';
import { followRollout, waitDefaultMs } from '#cli/follow-rollout.ts';
import { onAwayMachines } from '#cli/machine-words.ts';
import { progressOn } from '#cli/render/progress.ts';
import { count, listOf } from '#cli/render/text.ts';
import { unlessLeft } from '#cli/rollout-outcome.ts';
import { whichApp } from '#cli/which-app.ts';

export const rm = command({
  details: `Its containers, networks and files leave every machine. Its volumes and the data in them stay where they are,
and a later deploy finds them again; only those named with --volume are deleted.`,
  args: [{ name: 'APP', summary: 'the app', completes: 'app' }],
  flags: {
    volume: { kind: 'list', value: 'NAME', summary: 'delete this volume and its data too; may be repeated' },
    ...yesFlag,
    ...waitFlags,
  },
  examples: [
    { does: 'Remove an app, keep its data', line: 'ballast rm guestbook' },
    { does: 'Remove it with the data of one volume', line: 'ballast rm guestbook --volume data' },
  ],
  async run({ flags, args: [name = ''] }, shell) {
    const client = await connect(flags, shell);
    const app = await whichApp({ flag: name }, client, shell);
    const there = await client.call('listReplicas', { app: name }, { signal: shell.signal });
    const replicas = there.replicas.length;
    await confirm(
      `Remove app ${name} from the fleet`,
      [
        ...(replicas === 0
          ? []
          : [
              `${count(replicas, 'replica')} of ${listOf(app.services.map(({ name: one }) => one))} will be stopped`,
            ]),
        flags.volume.length === 0
          ? 'its volumes stay'
          : `${listOf(flags.volume)} and all data in ${flags.volume.length === 1 ? 'it' : 'them'} will be deleted for ever`,
      ],
      flags,
      shell,
    );
    const progress = progressOn(shell, flags.quiet || flags.json);
    const { paint, marks } = shell.err;
    const volumes = flags.volume.length === 0 ? {} : { volumes: flags.volume };
    const answer = await unlessLeft(
      { app: name, release: null },
      shell.signal,
      client.call('removeApp', { app: name, ...volumes }, { signal: shell.signal }),
    );
    if (flags.detach) {
      progress.note(`${paint.green(marks.done)} ${name} is being removed; follow it: ballast status`);
      return 0;
    }
    const timeoutMs = flags.timeout ?? waitDefaultMs;
    await followRollout(
      { app: name, release: null, plan: answer.plan },
      { client, progress, timeoutMs },
      shell,
    );
    const { machines } = await client.call('listMachines', {}, { signal: shell.signal });
    const left = onAwayMachines(there.replicas, machines);
    const kept = flags.volume.length === 0 ? '; its volumes stay' : '';
    progress.note(
      left.length === 0
        ? `${paint.green(marks.done)} ${paint.bold(name)} is gone${kept}  ${paint.dim(showDuration(progress.elapsedMs()))}`
        : `${paint.yellow(marks.warning)} ${paint.bold(name)} is gone from all machines but ${listOf([...new Set(left.map(({ machine }) => machine))])}${kept}`,
    );
    for (const { id, machine } of left) {
      progress.note(
        `  ${id} could not be stopped: ${machine} is offline; it is stopped as soon as that is back`,
      );
    }
    return 0;
  },
});
