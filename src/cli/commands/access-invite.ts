import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showAge } from '#cli/render/age.ts';
import { line } from '#cli/shell.ts';

export const accessInvite = command({
  details: `Prints a context for somebody else, to be handed over in private. With it they get certificates in their own name,
for what rules allow them, and can do nothing else in the fleet. It ends by itself, and when their access is revoked.`,
  args: [{ name: 'WHO', summary: 'the person, as rules name them' }],
  flags: {
    ttl: {
      kind: 'duration',
      value: 'TIME',
      positive: true,
      summary: 'how long it is good for (default: 30d, at most 90d)',
    },
    out: {
      kind: 'text',
      value: 'FILE',
      summary: 'write it to this file, for your eyes only',
      completes: 'file',
    },
  },
  examples: [
    { does: 'A context for Ana', line: 'ballast access invite ana@example.com --out ana.json' },
    { does: 'What Ana does with it', line: 'ballast context add prod --from ana.json --use' },
  ],
  async run({ flags, args: [who = ''] }, shell) {
    const client = await connect(flags, shell);
    const input = { who, ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }) };
    const { expiresAt, ...context } = await client.call('inviteToAccess', input, { signal: shell.signal });
    const text = JSON.stringify(context, null, 2);
    if (flags.out === undefined) line(shell.out, text);
    else await writeFile(resolve(shell.cwd, flags.out), `${text}\n`, { mode: 0o600, flag: 'wx' });
    if (!flags.quiet)
      line(
        shell.err,
        `good for ${showAge(expiresAt - shell.now())}; then: ballast context add NAME --from FILE, ballast access cert`,
      );
    return 0;
  },
});
