import { BallastError } from '#base/errors.ts';
import { untilHeld } from '#cli/access-words.ts';
import { command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { progressOn } from '#cli/render/progress.ts';
import { reaches, ttlUsualMs } from '#spec/access.ts';

export const accessGrant = command({
  details: `Like an entry of access: in the fleet file, but by command; the next fleet file leaves it as it is. The account is
made where it is not there. sudo allows what is listed, word for word, and nothing else; * stands for any text in
its arguments. With a name only it gives back access that was revoked.`,
  args: [{ name: 'WHO', summary: 'a name or an address, as it will stand in the audit log' }],
  flags: {
    machines: {
      kind: 'list',
      short: 'm',
      value: 'GLOB',
      summary: 'machines by name, * and ? allowed; may be repeated',
      completes: 'machine',
    },
    as: { kind: 'text', value: 'ACCOUNT', summary: 'the account on the machines' },
    sudo: { kind: 'list', value: 'COMMAND', summary: 'what it may run as root, or ALL; may be repeated' },
    ttl: {
      kind: 'duration',
      value: 'TIME',
      positive: true,
      summary: 'how long a certificate is good for (default: 1h, at most 24h)',
    },
    command: { kind: 'text', value: 'COMMAND', summary: 'run this instead of whatever is asked for' },
    from: { kind: 'list', value: 'NETWORK', summary: 'only from there; may be repeated' },
    ...waitFlags,
    detach: { ...waitFlags.detach, summary: 'do not wait until the machines hold it' },
    timeout: { ...waitFlags.timeout, summary: 'how long to wait (default: 2m)' },
  },
  examples: [
    {
      does: 'Let Ana look after services',
      line: "ballast access grant ana@example.com --machines 'app-*' --as deploy --sudo '/usr/bin/systemctl status *'",
    },
    {
      does: 'Root, for ten minutes a certificate',
      line: 'ballast access grant admin -m app-1 --as root --ttl 10m',
    },
  ],
  async run({ flags, args: [who = ''] }, shell) {
    const { machines, as, sudo, from } = flags;
    const alone = machines.length === 0 && as === undefined;
    if (!alone && (machines.length === 0 || as === undefined)) {
      throw new BallastError(
        'usage',
        machines.length === 0 ? `on which machines is ${who} let in?` : `as whom is ${who} let in?`,
        {
          fix: `ballast access grant ${who} --machines 'app-*' --as deploy`,
        },
      );
    }
    const rule = {
      machines: machines.flatMap((text) => text.split(',')),
      as: as ?? '',
      sudo,
      ttlMs: flags.ttl ?? ttlUsualMs,
      ...(flags.command === undefined ? {} : { command: flags.command }),
      from: from.flatMap((text) => text.split(',')),
    };
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const answer = await client.call(
      'grantAccess',
      { who, ...(alone ? {} : { rule }) },
      { signal: shell.signal },
    );
    const named = answer.grant === undefined ? '' : ` (grant ${answer.grant})`;
    progress.note(
      answer.changed ? `${who} is let in${named}` : `${who} was let in already${named}: nothing to do`,
    );
    if (flags.detach || !answer.changed) return 0;
    const { notes } = await progress.step('waiting for the machines', () =>
      untilHeld(
        client,
        {
          timeoutMs: flags.timeout ?? 120_000,
          // What is given back by a name alone may be on any machine.
          ...(alone ? {} : { concerns: (machine) => reaches(rule, machine) }),
        },
        shell,
      ),
    );
    for (const note of notes) progress.note(note);
    return 0;
  },
});
