import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { progressOn } from '#cli/render/progress.ts';
import { line, type Shell } from '#cli/shell.ts';

export const machineAdd = command({
  details: `Reaches a machine that is there already, checks it, installs what it lacks (podman, nftables and the like)
and the agent, and waits until it has joined. Nothing of it is left when it cannot be one of the fleet's machines.
You must be able to log in without a password, as root or as one who may use sudo without a password. A machine that
the fleet file names and that has not joined yet is joined the same way.`,
  args: [{ name: 'NAME', summary: 'what to call the machine' }],
  flags: {
    ssh: { kind: 'text', value: 'USER@ADDRESS', summary: 'where to reach it; :PORT may follow (needed)' },
    labels: {
      kind: 'list',
      short: 'l',
      value: 'KEY=VALUE',
      summary: 'labels for placement; may be repeated',
    },
    identity: {
      kind: 'text',
      short: 'i',
      value: 'FILE',
      summary: 'the private key to log in with (default: what ssh finds)',
      completes: 'file',
    },
    check: { kind: 'switch', summary: 'only say what it lacks; change nothing' },
    ...waitFlags,
  },
  examples: [
    { does: 'Let a machine in', line: 'ballast machine add app-4 --ssh root@192.0.2.14 --labels zone=b' },
    { does: 'Would it do?', line: 'ballast machine add app-4 --ssh root@192.0.2.14 --check' },
  ],
  async run({ flags, args: [name = ''] }, shell) {
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
      throw new BallastError('usage', `"${name}" cannot be the name of a machine`, {
        why: 'a name has small letters, digits and dashes, at most 63 of them',
        fix: 'choose another, for example app-4',
      });
    }
    if (flags.ssh === undefined) {
      throw new BallastError('usage', `where is ${name}?`, {
        fix: `say how to reach it: ballast machine add ${name} --ssh root@192.0.2.14`,
      });
    }
    if (flags.check) return await check(flags.ssh, flags.identity, shell);
    const labels = labelsOf(flags.labels);
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const { joinOverSsh } = await import('#cli/ssh-machine.ts');
    const newcomer = {
      name,
      ssh: flags.ssh,
      labels,
      ...(flags.identity === undefined ? {} : { identity: flags.identity }),
    };
    const outcome = await joinOverSsh(newcomer, { client, progress }, shell);
    if (outcome === 'there already') {
      progress.note(`${name} is one of the fleet's machines already: nothing to do`);
      return 0;
    }
    if (flags.detach) return 0;
    const { waitForMachines } = await import('#cli/deploy-fleet.ts');
    await waitForMachines([name], flags, { client, progress }, shell);
    const { paint, marks } = shell.err;
    progress.note(
      `${paint.green(marks.done)} ${paint.bold(name)} is one of the fleet's machines  ${paint.dim(showDuration(progress.elapsedMs()))}`,
    );
    return 0;
  },
});

async function check(ssh: string, identity: string | undefined, shell: Shell): Promise<number> {
  const { inspectMachine } = await import('#cli/ssh-machine.ts');
  const { findings } = await inspectMachine(ssh, identity, shell);
  const { paint, marks } = shell.out;
  let hindered = false;
  for (const { status, what, fix, packages } of findings) {
    const mended = packages !== undefined;
    const wrong = status !== 'ok' && status !== 'warn' && !mended;
    hindered ||= wrong;
    const sign = wrong ? paint.red('[!!]') : status === 'ok' ? paint.green('[ok]') : paint.yellow('[ ~]');
    line(shell.out, `${sign} ${what}${mended && status !== 'ok' ? ': will be installed' : ''}`);
    if (fix !== undefined) line(shell.out, `     ${paint.cyan(marks.arrow)} ${fix}`);
  }
  return hindered ? 1 : 0;
}

function labelsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs
      .flatMap((pair) => pair.split(','))
      .map((pair) => {
        const equals = pair.indexOf('=');
        if (equals < 1) throw new BallastError('usage', `--labels needs KEY=VALUE, not "${pair}"`);
        return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
      }),
  );
}
