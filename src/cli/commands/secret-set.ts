import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { askSecretly, readAll } from '#cli/read-input.ts';
import { requireSecretName } from '#cli/secret-name.ts';
import { line } from '#cli/shell.ts';

const bytesMax = 512 << 10;

export const secretSet = command({
  details: `The value comes from a file, from standard input, or is asked for without being shown: never from the
command line, where other users could read it. One line break at its end is taken off, unless --exact.
Containers get the new version with the next deploy.`,
  args: [{ name: 'NAME', summary: 'the name the Compose file uses for it', completes: 'secret' }],
  flags: {
    'from-file': {
      kind: 'text',
      value: 'FILE',
      summary: 'read the value from this file (- is stdin)',
      completes: 'file',
    },
    exact: { kind: 'switch', summary: 'keep the line break at the end' },
  },
  examples: [
    { does: 'Be asked for the value', line: 'ballast secret set db_password' },
    { does: 'A random one', line: 'openssl rand -hex 16 | ballast secret set db_password' },
    { does: 'From a file', line: 'ballast secret set tls_key --from-file key.pem' },
  ],
  async run({ flags, args: [secret = ''] }, shell) {
    requireSecretName(secret);
    const client = await connect(flags, shell);
    const file = flags['from-file'];
    const raw =
      file !== undefined && file !== '-'
        ? await readFile(resolve(shell.cwd, file), 'utf8')
        : shell.input.isTerminal
          ? await askSecretly(`Value of ${secret}: `, shell)
          : await readAll(shell, bytesMax);
    const value = flags.exact ? raw : raw.replace(/\r?\n$/, '');
    if (value === '') {
      throw new BallastError('usage', `the value of secret ${secret} is empty`, {
        fix: 'give it on standard input or with --from-file FILE',
      });
    }
    const answer = await client.call('setSecret', { secret, value }, { signal: shell.signal });
    if (!flags.quiet) line(shell.err, `Secret ${answer.name} is stored, version ${answer.version}.`);
    return 0;
  },
});
