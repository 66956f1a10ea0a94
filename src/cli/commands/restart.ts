import { appFlag, command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { finishRollout } from '#cli/finish-rollout.ts';
import { progressOn } from '#cli/render/progress.ts';
import { unlessLeft } from '#cli/rollout-outcome.ts';
import { whichApp } from '#cli/which-app.ts';

export const restart = command({
  details: 'A restart is a rollout like any other: replicas are replaced by new ones as update_config says.',
  args: [
    {
      name: 'SERVICE',
      summary: 'the services (default: all of the app)',
      optional: true,
      many: true,
      completes: 'service',
    },
  ],
  flags: { ...appFlag, ...waitFlags },
  examples: [
    { does: 'Restart the web service', line: 'ballast restart web' },
    { does: 'Restart a whole app', line: 'ballast restart -a guestbook' },
  ],
  async run({ flags, args }, shell) {
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const found = await whichApp({ flag: flags.app, services: args }, client, shell);
    const services = args.length > 0 ? args : found.services.map(({ name }) => name);
    const answer = await unlessLeft(
      { app: found.name, release: 0 },
      shell.signal,
      client.call('restartApp', { app: found.name, services }, { signal: shell.signal }),
    );
    return await finishRollout(
      { app: found.name, answer },
      { ...flags, output: undefined },
      { client, progress },
      shell,
    );
  },
});
