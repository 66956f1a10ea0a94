import { accessKinds } from '#cli/access-words.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { formOf } from '#cli/render/output.ts';
import { line } from '#cli/shell.ts';
import type { FleetEvent } from '#wire/views.ts';
import { eventLine } from './events.ts';

export const accessLog = command({
  details: `Every login, every certificate that was issued or refused, and who granted or revoked what. Newest last. With
-o json each is one line.`,
  args: [],
  flags: {
    who: { kind: 'text', value: 'WHO', summary: 'of this person only' },
    machine: { kind: 'text', value: 'NAME', summary: 'of this machine only', completes: 'machine' },
    ...outputFlag,
    follow: { kind: 'switch', short: 'f', summary: 'go on as things happen' },
    tail: { kind: 'number', value: 'N', summary: 'how many past entries (default: 50)' },
  },
  examples: [
    { does: 'Who did what lately', line: 'ballast access log' },
    { does: 'One person', line: 'ballast access log --who ana@example.com' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { who, machine, follow } = flags;
    const form = formOf(flags);
    const tail = flags.tail ?? 50;
    // Whom an event is about is not asked of the server: all are fetched then, and the last of them shown.
    const input = {
      kind: accessKinds,
      follow,
      ...(machine === undefined ? {} : { machine }),
      ...(who === undefined ? { tail } : {}),
    };
    const show = (event: FleetEvent): void => {
      if (form === 'json') line(shell.out, JSON.stringify(event));
      else if (form === 'name') line(shell.out, String(event.seq));
      else line(shell.out, eventLine(event, shell));
    };
    try {
      for await (const event of client.stream('events', input, { signal: shell.signal })) {
        if (who === undefined || isAbout(event, who)) show(event);
      }
    } catch (error) {
      if (shell.signal.aborted && follow) return 130; // Ctrl-C is how following ends
      throw error;
    }
    return 0;
  },
});

const isAbout = ({ by, subject, detail }: FleetEvent, who: string): boolean =>
  by === who || subject === who || detail?.['who'] === who;
