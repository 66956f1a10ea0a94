import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { command } from '#cli/command.ts';
import { clientOf } from '#cli/connect.ts';
import { chosenContext, readContexts } from '#cli/context-file.ts';
import { fetchCertificate, sshFolderOf } from '#cli/ssh-files.ts';
import { runAttached } from '#host/attached.ts';
import { hostPackages } from '#host/host-tools.ts';
import { guardLink } from '#host/link.ts';

/** The certificate is for this one login: the session goes on when it ends. */
const onceMs = 5 * 60_000;

export const machineSsh = command({
  details: `Gets a certificate for this one login, if the rules of access let you in, and runs ssh with it. Key and certificate
are gone afterwards. The exit code is that of the command, or 255 when ssh could not get in.`,
  args: [
    { name: 'MACHINE', summary: 'the machine', completes: 'machine' },
    { name: 'COMMAND', summary: 'what to run there; nothing: a shell', rest: true, optional: true },
  ],
  flags: {
    as: { kind: 'text', value: 'ACCOUNT', summary: 'the account, where the rules allow you several' },
  },
  examples: [
    { does: 'A shell on app-1', line: 'ballast machine ssh app-1' },
    { does: 'One command', line: 'ballast machine ssh app-1 -- uptime' },
  ],
  async run({ flags, args: [machine = '', ...words] }, shell) {
    const argv = words[0] === '--' ? words.slice(1) : words;
    const context = chosenContext(await readContexts(shell), flags.context, shell);
    const base = sshFolderOf(shell, context.name);
    await mkdir(base, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(base, 'once-'));
    try {
      const wish = { machine, ttlMs: onceMs, ...(flags.as === undefined ? {} : { as: flags.as }) };
      const { answer, config } = await fetchCertificate(
        clientOf(context),
        { folder, context: context.name },
        wish,
        shell,
      );
      const place = answer.machines[0];
      if (place === undefined)
        throw new BallastError('not-found', `${machine} is on its way out of the fleet`);
      if (place.link !== undefined) await guardLink(place.address, place.link);
      return await runAttached(
        ['ssh', '-F', config, machine, ...(argv.length > 0 ? ['--', ...argv] : [])],
        hostPackages.ssh,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});
