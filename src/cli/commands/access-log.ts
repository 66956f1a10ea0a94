import { accessKinds } from '#cli/access-words.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { eventPrinter } from '#cli/event-printer.ts';
import type { FleetEvent } from '#wire/views.ts';

export const accessLog = command({
  details: `Every login, every certificate that was issued or refused, and who granted or revoked what. Newest last. With
-o json each is one line, with -o yaml one document; -o wide shows their kinds.`,
  args: [],
  flags: {
    who: { kind: 'text', value: 'WHO', summary: 'of this person only' },
    machine: { kind: 'text', value: 'NAME', summary: 'of this machine only', completes: 'machine' },
    ...outputFlag,
    follow: { kind: 'switch', short: 'f', summary: 'go on as things happen' },
    tail: { kind: 'number', short: 'n', value: 'N', summary: 'how many past entries (default: 50)' },
  },
  examples: [
    { does: 'Who did what lately', line: 'ballast access log' },
    { does: 'One person', line: 'ballast access log --who ana@example.com' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const { who, machine, follow } = flags;
    const show = await eventPrinter(flags, shell);
    const tail = flags.tail ?? 50;
    // Whom an event is about is not asked of the server: all are fetched then, and the last of them shown; all of them when they are followed.
    const input = {
      kind: accessKinds,
      follow,
      ...(machine === undefined ? {} : { machine }),
      ...(who === undefined ? { tail } : {}),
    };
    let last: readonly FleetEvent[] = [];
    try {
      for await (const event of client.stream('events', input, { signal: shell.signal })) {
        if (who !== undefined && !isAbout(event, who)) continue;
        if (who === undefined || follow) show(event);
        else last = [...last, event].slice(-tail);
      }
      for (const event of last) show(event);
    } catch (error) {
      if (shell.signal.aborted && follow) return 130; // Ctrl-C is how following ends
      throw error;
    }
    return 0;
  },
});

const isAbout = ({ by, subject, detail }: FleetEvent, who: string): boolean =>
  by === who || subject === who || detail?.['who'] === who;
