import { filesToRead } from '#cli/app-files.ts';
import { command, filesFlag } from '#cli/command.ts';
import { loadAppFiles, sortFiles } from '#cli/load-app.ts';
import { printData } from '#cli/render/output.ts';
import { count, listOf } from '#cli/render/text.ts';
import { line } from '#cli/shell.ts';

export const validate = command({
  details: `Needs no fleet and changes nothing. Every problem is shown at once, with its line. -o yaml prints what the file
means to Ballast, with every default filled in.`,
  args: [{ name: 'FILE', summary: 'the same as -f FILE', optional: true, many: true, completes: 'file' }],
  flags: {
    ...filesFlag,
    output: { kind: 'choice', short: 'o', choices: ['yaml', 'json'], summary: 'print the normalised model' },
  },
  examples: [
    { does: 'The Compose file of this directory', line: 'ballast validate' },
    { does: 'What does it mean, with all defaults?', line: 'ballast validate -f compose.yaml -o yaml' },
  ],
  async run({ flags, args }, shell) {
    const files = filesToRead([...flags.file, ...args], shell);
    const fleet = sortFiles(files).fleet.length > 0;
    const loaded = fleet
      ? (await import('#cli/load-fleet.ts')).loadFleetFile(files, flags, shell)
      : loadAppFiles(files, flags, shell);
    const form = flags.output ?? (flags.json ? 'json' : undefined);
    if (form)
      await printData('fleet' in loaded ? { fleet: loaded.fleet } : { app: loaded.model }, form, shell);
    else if (!flags.quiet) {
      const { paint, marks } = shell.out;
      const what =
        'fleet' in loaded
          ? `fleet ${loaded.fleet.name}, ${count(Object.keys(loaded.fleet.pools).length, 'pool')} of machines`
          : `app ${loaded.model.name}, ${count(Object.keys(loaded.model.services).length, 'service')} (${listOf(Object.keys(loaded.model.services))})`;
      line(shell.out, `${paint.green(marks.done)} ${listOf(loaded.shown)}: OK: ${what}`);
    }
    return 0;
  },
});
