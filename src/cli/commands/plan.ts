import { filesToRead } from '#cli/app-files.ts';
import { command, filesFlag, formFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { loadPlanned } from '#cli/load-planned.ts';
import { showPlan } from '#cli/show-plan.ts';

export const plan = command({
  details: `Nothing is built and nothing is changed. + is made, ~ is changed in place, -/+ is replaced, - is removed. First
comes what it means for each service, then what changes on each machine; -o wide shows everything that changes.
Images are built at deploy: where the content of a build has not been seen before, the plan says so.
A fleet file is planned the same way, alone or with the app that is to run on it.`,
  args: [],
  flags: {
    ...filesFlag,
    ...formFlag,
    'detailed-exitcode': { kind: 'switch', summary: 'exit 2 when there are changes, 0 when there are none' },
  },
  examples: [
    { does: 'What would a deploy of the Compose file here change?', line: 'ballast plan' },
    { does: 'Every line that changes', line: 'ballast plan -o wide' },
    { does: 'More machines, and an app on them', line: 'ballast plan -f fleet.yaml -f compose.yaml' },
    { does: 'In a pipeline: are there changes?', line: 'ballast plan --detailed-exitcode -q' },
  ],
  async run({ flags }, shell) {
    const files = filesToRead(flags.file, shell);
    const client = await connect(flags, shell);
    return await showPlan(await loadPlanned(files, flags, client, shell), flags, client, shell);
  },
});
