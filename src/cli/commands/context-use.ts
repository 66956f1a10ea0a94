import { command } from '#cli/command.ts';
import { useContext } from '#cli/context-file.ts';
import { line } from '#cli/shell.ts';

export const contextUse = command({
  args: [{ name: 'NAME', summary: 'the context', completes: 'context' }],
  flags: {},
  examples: [{ does: 'Talk to the fleet called demo from now on', line: 'ballast context use demo' }],
  async run({ flags, args: [name = ''] }, shell) {
    await useContext(shell, name);
    if (!flags.quiet) line(shell.err, `Now talking to ${name}.`);
    return 0;
  },
});
