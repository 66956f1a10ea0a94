import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import { command } from '#cli/command.ts';
import { completionScripts } from '#cli/completion-scripts.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const completion = command({
  details:
    'Completes commands, flags and the names of what is there: apps, services, replicas, machines, contexts.',
  args: [{ name: 'SHELL', summary: 'bash, zsh or fish', completes: shells }],
  flags: {},
  examples: [
    { does: 'bash, in this terminal', line: 'source <(ballast completion bash)' },
    { does: 'bash, for good', line: 'ballast completion bash > /etc/bash_completion.d/ballast' },
    { does: 'zsh, for good', line: `ballast completion zsh > "\${fpath[1]}/_ballast"` },
    { does: 'fish, for good', line: 'ballast completion fish > ~/.config/fish/completions/ballast.fish' },
  ],
  async run({ args: [name = ''] }, shell) {
    const known = shells.find((candidate) => candidate === name);
    if (!known) {
      const meant = suggest(name, shells);
      throw new BallastError('usage', `there is no completion for "${name}"`, {
        fix: meant ? `did you mean ${meant}?` : `there is one for ${shells.join(', ')}`,
      });
    }
    shell.out.write(completionScripts[known]);
    return 0;
  },
});
