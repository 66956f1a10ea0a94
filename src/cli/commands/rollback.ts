import { BallastError } from '#base/errors.ts';
import { appFlag, command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { finishRollout } from '#cli/finish-rollout.ts';
import { progressOn } from '#cli/render/progress.ts';
import { unlessLeft } from '#cli/rollout-outcome.ts';
import { whichApp } from '#cli/which-app.ts';

export const rollback = command({
  details: `Makes a new release that equals an earlier one, and rolls it out. Without a number it goes back to the last
release that was healthy before the present one.`,
  args: [
    { name: 'RELEASE', summary: 'number of the release to go back to: see ballast releases', optional: true },
  ],
  flags: { ...appFlag, ...waitFlags },
  examples: [
    { does: 'Back to what ran before', line: 'ballast rollback' },
    { does: 'Back to release 3 of an app', line: 'ballast rollback 3 -a guestbook' },
  ],
  async run({ flags, args: [number] }, shell) {
    if (number !== undefined && !/^r?\d+$/.test(number)) {
      throw new BallastError('usage', `"${number}" is no number of a release`, {
        fix: 'see them with ballast releases; an app is named with -a',
      });
    }
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const { name: app } = await whichApp({ flag: flags.app }, client, shell);
    const release = number === undefined ? {} : { release: Number(number.replace('r', '')) };
    const answer = await unlessLeft(
      { app, release: 0 },
      shell.signal,
      client.call('rollbackApp', { app, ...release }, { signal: shell.signal }),
    );
    return await finishRollout({ app, answer }, { ...flags, output: undefined }, { client, progress }, shell);
  },
});
