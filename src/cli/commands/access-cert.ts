import { resolve } from 'node:path';
import { command, formFlag } from '#cli/command.ts';
import { clientOf } from '#cli/connect.ts';
import { chosenContext, readContexts } from '#cli/context-file.ts';
import { showAge } from '#cli/render/age.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { line } from '#cli/shell.ts';
import { fetchCertificate, sshFolderOf } from '#cli/ssh-files.ts';

export const accessCert = command({
  details: `Writes a fresh key, a certificate for it and a configuration for plain ssh into the context's own folder. The
certificate is good for what the rules allow you, for an hour unless they say otherwise; then run it again. Nobody
is asked about fingerprints: machines have certificates too.`,
  args: [],
  flags: {
    machine: { kind: 'text', value: 'NAME', summary: 'for this machine only', completes: 'machine' },
    as: { kind: 'text', value: 'ACCOUNT', summary: 'for this account only' },
    ttl: { kind: 'duration', value: 'TIME', positive: true, summary: 'shorter than the rules allow' },
    who: { kind: 'text', value: 'WHO', summary: 'for somebody else (default: you)' },
    key: {
      kind: 'text',
      value: 'FILE',
      summary: 'a public key that is there already, such as one of a hardware token',
      completes: 'file',
    },
    folder: {
      kind: 'text',
      value: 'DIR',
      summary: "where to write (default: the context's own folder)",
      completes: 'file',
    },
    ...formFlag,
  },
  examples: [
    { does: 'Then log in by plain ssh, as it says', line: 'ballast access cert' },
    { does: 'For ten minutes, on one machine', line: 'ballast access cert --machine app-1 --ttl 10m' },
  ],
  async run({ flags }, shell) {
    const context = chosenContext(await readContexts(shell), flags.context, shell);
    const folder =
      flags.folder === undefined ? sshFolderOf(shell, context.name) : resolve(shell.cwd, flags.folder);
    const { answer, config } = await fetchCertificate(
      clientOf(context),
      { folder, context: context.name },
      {
        ...(flags.machine === undefined ? {} : { machine: flags.machine }),
        ...(flags.as === undefined ? {} : { as: flags.as }),
        ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
        ...(flags.who === undefined ? {} : { who: flags.who }),
        ...(flags.key === undefined ? {} : { keyFile: flags.key }),
      },
      shell,
    );
    const { serial, who, expiresAt, machines } = answer;
    const form = formOf(flags);
    if (form === 'json' || form === 'yaml') {
      await printData(
        { serial, who, expiresAt, principals: answer.principals, machines, config },
        form,
        shell,
      );
      return 0;
    }
    const ends = `good for ${showAge(expiresAt - shell.now())}`;
    line(shell.out, `certificate ${serial} for ${who}, ${ends}`);
    for (const { name, accounts } of machines) line(shell.out, `  ${name}  as ${accounts.join(' or ')}`);
    const first = machines[0]?.name;
    if (!flags.quiet && first !== undefined) {
      line(shell.err, `log in: ssh -F ${config} ${first}`);
      line(shell.err, `or, for good, as the first line of ~/.ssh/config: Include ${config}`);
    }
    return 0;
  },
});
