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
    const files = sortFiles(filesToRead([...flags.file, ...args], shell));
    const fleet =
      files.fleet.length > 0
        ? (await import('#cli/load-fleet.ts')).loadFleetFile(files.fleet, flags, shell)
        : undefined;
    const app = files.app.length > 0 ? loadAppFiles(files.app, flags, shell) : undefined;
    const form = flags.output ?? (flags.json ? 'json' : undefined);
    if (form) {
      const data = { ...(fleet ? { fleet: fleet.fleet } : {}), ...(app ? { app: app.model } : {}) };
      await printData(data, form, shell);
    } else if (!flags.quiet) {
      const { paint, marks } = shell.out;
      const good = (shown: readonly string[], what: string): void =>
        line(shell.out, `${paint.green(marks.done)} ${listOf(shown)}: OK: ${what}`);
      if (fleet) {
        const pools = count(Object.keys(fleet.fleet.pools).length, 'pool');
        good(fleet.shown, `fleet ${fleet.fleet.name}, ${pools} of machines`);
      }
      if (app) {
        const services = Object.keys(app.model.services);
        good(app.shown, `app ${app.model.name}, ${count(services.length, 'service')} (${listOf(services)})`);
      }
    }
    return 0;
  },
});
