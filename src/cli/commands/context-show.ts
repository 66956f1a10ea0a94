import { X509Certificate } from 'node:crypto';
import { command, outputFlag } from '#cli/command.ts';
import { chosenContext, readContexts } from '#cli/context-file.ts';
import { factLines } from '#cli/render/facts.ts';
import { formOf, printData } from '#cli/render/output.ts';
import { line } from '#cli/shell.ts';

export const contextShow = command({
  args: [
    { name: 'NAME', summary: 'the context (default: the one in use)', optional: true, completes: 'context' },
  ],
  flags: { ...outputFlag },
  examples: [{ does: 'The context in use', line: 'ballast context show' }],
  async run({ flags, args }, shell) {
    const file = await readContexts(shell);
    const context = chosenContext(file, args[0] ?? flags.context, shell);
    const certificate = context.cert === undefined ? undefined : certificateOf(context.cert);
    const shown = {
      name: context.name,
      server: context.server,
      identity: certificate?.subject ?? (context.token === undefined ? 'none' : 'token'),
      ...(certificate ? { certificate_expires: certificate.expires } : {}),
      authority: certificateOf(context.ca)?.fingerprint ?? 'not a certificate',
      file: file.path,
    };
    const form = formOf(flags);
    if (form === 'json' || form === 'yaml') await printData({ context: shown }, form, shell);
    else if (form === 'name') line(shell.out, context.name);
    else {
      const facts = Object.entries(shown).map(([name, value]) => [name.replaceAll('_', ' '), value] as const);
      for (const text of factLines(facts, shell.out.paint)) line(shell.out, text);
    }
    return 0;
  },
});

function certificateOf(pem: string): { subject: string; expires: string; fingerprint: string } | undefined {
  try {
    const { subject, validToDate, fingerprint256 } = new X509Certificate(pem);
    return {
      subject: subject.replaceAll('\n', ', '),
      expires: validToDate.toISOString(),
      fingerprint: fingerprint256,
    };
  } catch {
    return undefined;
  }
}
