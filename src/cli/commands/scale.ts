import { BallastError } from '#base/errors.ts';
import { appFlag, command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { finishRollout } from '#cli/finish-rollout.ts';
import { progressOn } from '#cli/render/progress.ts';
import { unlessLeft } from '#cli/rollout-outcome.ts';
import { whichApp } from '#cli/which-app.ts';

/** As the wire has it. */
const replicasMax = 10_000;

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
    const replicas = replicasOf(args);
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const { name: app } = await whichApp({ flag: flags.app, services: Object.keys(replicas) }, client, shell);
    const answer = await unlessLeft(
      { app, release: 0 },
      shell.signal,
      client.call('scaleApp', { app, replicas }, { signal: shell.signal }),
    );
    return await finishRollout({ app, answer }, { ...flags, output: undefined }, { client, progress }, shell);
  },
});

/** How many replicas of which service; a service that is named twice is refused. */
function replicasOf(args: readonly string[]): Readonly<Record<string, number>> {
  const pairs = args.map(pairOf);
  const replicas = Object.fromEntries(pairs);
  const twice = pairs.find(([service], index) => pairs.findIndex(([other]) => other === service) < index);
  if (!twice) return replicas;
  throw new BallastError('usage', `${twice[0]} is named twice`, { fix: 'give each service one number' });
}

function pairOf(text: string): readonly [string, number] {
  const [, service, count = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  const replicas = /^\d{1,9}$/.test(count) ? Number(count) : Number.NaN;
  if (service !== undefined && replicas <= replicasMax) return [service, replicas];
  if (service !== undefined) {
    throw new BallastError('usage', `${service} cannot have "${count}" replicas`, {
      why: `it takes a whole number from 0 to ${replicasMax}`,
      fix: `write for example ballast scale ${service}=5`,
    });
  }
  throw new BallastError('usage', `"${text}" does not say how many replicas of which service`, {
    fix: 'write for example ballast scale web=5',
  });
}
