import { candidates } from '#cli/candidates.ts';
import { command } from '#cli/command.ts';
import { line } from '#cli/shell.ts';

export const complete = command({
  details:
    'Used by the scripts that ballast completion prints. Says nothing when it knows nothing, and never fails.',
  args: [{ name: 'WORD', summary: 'the words so far, the last one unfinished', optional: true, rest: true }],
  flags: {},
  examples: [{ does: 'What may follow', line: 'ballast __complete -- logs -f w' }],
  async run({ args }, shell) {
    try {
      for (const { word, summary } of await candidates(args, shell)) {
        line(shell.out, summary === undefined ? word : `${word}\t${summary}`);
      }
    } catch {
      // a Tab must never print an error into somebody's half-written line
    }
    return 0;
  },
});
