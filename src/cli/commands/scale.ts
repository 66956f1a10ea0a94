import { BallastError } from '#base/errors.ts';
import { appFlag, command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { finishRollout } from '#cli/finish-rollout.ts';
import { progressOn } from '#cli/render/progress.ts';
import { whichApp } from '#cli/which-app.ts';

export const scale = command({
  details: `Makes a new release that differs from the present one in these numbers only. The next deploy goes by its
Compose file again: to keep a number, write it there under deploy.replicas.`,
  args: [
    { name: 'SERVICE=N', summary: 'how many replicas of which service', many: true, completes: 'service=' },
  ],
  flags: { ...appFlag, ...waitFlags },
  examples: [
    { does: 'Five replicas of web', line: 'ballast scale web=5' },
    { does: 'Several services at once, without waiting', line: 'ballast scale web=5 worker=2 -d' },
  ],
  async run({ flags, args }, shell) {
    const replicas = Object.fromEntries(args.map(pairOf));
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const { name: app } = await whichApp({ flag: flags.app, services: Object.keys(replicas) }, client, shell);
    const answer = await client.call('scaleApp', { app, replicas }, { signal: shell.signal });
    return await finishRollout({ app, answer }, { ...flags, output: undefined }, { client, progress }, shell);
  },
});

function pairOf(text: string): readonly [string, number] {
  const match = /^([^=]+)=(\d{1,6})$/.exec(text);
  if (match?.[1] !== undefined) return [match[1], Number(match[2])];
  throw new BallastError('usage', `"${text}" does not say how many replicas of which service`, {
    fix: 'write for example ballast scale web=5',
  });
}
