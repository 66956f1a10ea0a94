import { command } from '#cli/command.ts';
import { removeContext } from '#cli/context-file.ts';
import { line } from '#cli/shell.ts';

export const contextRm = command({
  args: [{ name: 'NAME', summary: 'the context', completes: 'context' }],
  flags: {},
  examples: [{ does: 'Forget a fleet that is no more', line: 'ballast context rm demo' }],
  async run({ flags, args: [name = ''] }, shell) {
    await removeContext(shell, name);
    if (!flags.quiet) line(shell.err, `Context ${name} is forgotten. The fleet itself was left alone.`);
    return 0;
  },
});
