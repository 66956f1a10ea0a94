import { appFlag, command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showTime } from '#cli/render/age.ts';
import { formOf } from '#cli/render/output.ts';
import { padEnd, tame } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';
import type { FleetEvent } from '#wire/views.ts';

export const events = command({
  details: `Newest last. "corrective" marks what Ballast repaired by itself; everything else follows from what somebody
asked for. With -o json each event is one line.`,
  args: [],
  flags: {
    ...appFlag,
    ...outputFlag,
    kind: { kind: 'list', value: 'KIND', summary: 'of this kind only, such as login; may be repeated' },
    machine: { kind: 'text', value: 'NAME', summary: 'of this machine only', completes: 'machine' },
    follow: { kind: 'switch', short: 'f', summary: 'go on as things happen' },
    tail: { kind: 'number', short: 'n', value: 'N', summary: 'how many past events (default: 50)' },
  },
  examples: [
    { does: 'What happened lately', line: 'ballast events' },
    { does: 'Who logged in', line: 'ballast events --kind login' },
    { does: 'Watch one app', line: 'ballast events -f -a guestbook' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const app = flags.app;
    const form = formOf(flags);
    const stream = client.stream(
      'events',
      {
        ...(app === undefined ? {} : { app }),
        ...(flags.machine === undefined ? {} : { machine: flags.machine }),
        ...(flags.kind.length === 0 ? {} : { kind: flags.kind.flatMap((text) => text.split(',')) }),
        tail: flags.tail ?? 50,
        follow: flags.follow,
      },
      { signal: shell.signal },
    );
    try {
      for await (const event of stream) {
        if (form === 'json') line(shell.out, JSON.stringify(event));
        else if (form === 'name') line(shell.out, String(event.seq));
        else line(shell.out, eventLine(event, shell));
      }
    } catch (error) {
      if (shell.signal.aborted && flags.follow) return 130; // Ctrl-C is how following ends
      throw error;
    }
    return 0;
  },
});

/** `2026-11-22 14:03:07  app-1  guestbook  web-1 is healthy  (by ana)`. */
export function eventLine(event: FleetEvent, { out: { paint } }: Pick<Shell, 'out'>): string {
  const where = [event.machine, event.app].filter((part) => part !== undefined).join(' ');
  const cause = event.cause === 'corrective' ? paint.yellow(' (corrective)') : '';
  const by = event.by === undefined ? '' : paint.dim(` (by ${tame(event.by)})`);
  return `${paint.dim(showTime(event.at))}  ${paint.cyan(padEnd(tame(where), 16))}  ${tame(event.what)}${cause}${by}`;
}
