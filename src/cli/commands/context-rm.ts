import { command, yesFlag } from '#cli/command.ts';
import { confirm } from '#cli/confirm.ts';
import { contextNamed, readContexts, removeContext } from '#cli/context-file.ts';
import { line } from '#cli/shell.ts';
import { removeSshFiles } from '#cli/ssh-files.ts';

export const contextRm = command({
  details: 'The key and certificate that `ballast access cert` put beside it go with it.',
  args: [{ name: 'NAME', summary: 'the context', completes: 'context' }],
  flags: { ...yesFlag },
  examples: [{ does: 'Forget a fleet that is no more', line: 'ballast context rm demo' }],
  async run({ flags, args: [name = ''] }, shell) {
    const { server } = contextNamed(await readContexts(shell), name);
    await confirm(`Forget context ${name} (${server})`, [], flags, shell);
    await removeSshFiles(shell, name);
    await removeContext(shell, name);
    if (!flags.quiet) line(shell.err, `Context ${name} is forgotten. The fleet itself was left alone.`);
    return 0;
  },
});
