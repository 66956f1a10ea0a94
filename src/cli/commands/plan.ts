import { BallastError } from '#base/errors.ts';
import { filesToRead } from '#cli/app-files.ts';
import { command, filesFlag, formFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { isFleet, loadAppFiles } from '#cli/load-app.ts';
import { planLoaded } from '#cli/show-plan.ts';

export const plan = command({
  details: `Nothing is built and nothing is changed. + is made, ~ is changed in place, -/+ is replaced, - is removed.
Images are built at deploy: where the content of a build has not been seen before, the plan says so.`,
  args: [],
  flags: {
    ...filesFlag,
    ...formFlag,
    'detailed-exitcode': { kind: 'switch', summary: 'exit 2 when there are changes, 0 when there are none' },
  },
  examples: [
    { does: 'What would a deploy of the Compose file here change?', line: 'ballast plan' },
    { does: 'In a pipeline: are there changes?', line: 'ballast plan --detailed-exitcode -q' },
  ],
  async run({ flags }, shell) {
    const files = filesToRead(flags.file, shell);
    if (isFleet(files)) {
      throw new BallastError('not-supported', 'a fleet file cannot be planned yet', {
        fix: 'check it: ballast validate -f FILE',
      });
    }
    const client = await connect(flags, shell);
    const access = client.call('registryAccess', {}, { signal: shell.signal });
    access.catch(() => {}); // met below, after the file's own problems
    const loaded = loadAppFiles(files, flags, shell);
    return await planLoaded(loaded, access, flags, client, shell);
  },
});
