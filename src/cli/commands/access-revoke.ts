import { BallastError } from '#base/errors.ts';
import { untilHeld } from '#cli/access-words.ts';
import { command, waitFlags } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { progressOn } from '#cli/render/progress.ts';

export const accessRevoke = command({
  details: `Everything of a person: grants end, certificates are refused, open sessions that began with one are ended, and
rules of the fleet file that name them do not count until the next grant. Or one grant, or one certificate. Machines
that are connected take it over within seconds; one that is away does when it is back, and certificates end by
themselves within a day at most.`,
  args: [{ name: 'WHO', summary: 'the person', optional: true }],
  flags: {
    grant: { kind: 'text', value: 'ID', summary: 'this grant only, as access ls names it' },
    certificate: { kind: 'number', value: 'N', summary: 'this certificate only' },
    ...waitFlags,
    detach: { ...waitFlags.detach, summary: 'do not wait until the machines hold it' },
    timeout: { ...waitFlags.timeout, summary: 'how long to wait (default: 1m)' },
  },
  examples: [
    { does: 'Ana has left', line: 'ballast access revoke ana@example.com' },
    { does: 'A laptop was lost', line: 'ballast access revoke --certificate 42' },
  ],
  async run({ flags, args: [who] }, shell) {
    const { grant, certificate } = flags;
    const given = [who, grant, certificate].filter((one) => one !== undefined);
    if (given.length !== 1) {
      throw new BallastError('usage', given.length === 0 ? 'what is to be revoked?' : 'one thing at a time', {
        fix: 'ballast access revoke WHO, or --grant ID, or --certificate N',
      });
    }
    const input = {
      ...(who === undefined ? {} : { who }),
      ...(grant === undefined ? {} : { grant }),
      ...(certificate === undefined ? {} : { serial: certificate }),
    };
    const client = await connect(flags, shell);
    const progress = progressOn(shell, flags.quiet || flags.json);
    const answer = await client.call('revokeAccess', input, { signal: shell.signal });
    const what = [
      ...answer.grants.map((id) => `grant ${id}`),
      ...answer.certificates.map((serial) => `certificate ${serial}`),
      ...(answer.suspended ? ['all that the fleet file says'] : []),
    ];
    progress.note(`revoked: ${what.join(', ') || 'nothing was in force'}`);
    if (answer.suspended) {
      progress.note(
        `the fleet file still names ${who}: remove the entry, or let them in again: ballast access grant ${who}`,
      );
    }
    if (flags.detach) return 0;
    const { notes } = await progress.step('waiting for the machines', () =>
      untilHeld(client, { timeoutMs: flags.timeout ?? 60_000 }, shell),
    );
    for (const note of notes) progress.note(note);
    return 0;
  },
});
