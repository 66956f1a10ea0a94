import { appFlag, command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { eventPrinter, kindsOf } from '#cli/event-printer.ts';
import { eventKinds } from '#wire/event-kinds.ts';

export const events = command({
  details: `Newest last. "corrective" marks what Ballast repaired by itself; everything else follows from what somebody
asked for. With -o json each event is one line, with -o yaml one document; -o wide shows their kinds.`,
  args: [],
  flags: {
    ...appFlag,
    ...outputFlag,
    kind: {
      kind: 'list',
      value: 'KIND',
      summary: 'of this kind only, such as login; may be repeated',
      completes: eventKinds,
    },
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
    const kind = kindsOf(flags.kind);
    const client = await connect(flags, shell);
    const app = flags.app;
    const print = await eventPrinter(flags, shell);
    const stream = client.stream(
      'events',
      {
        ...(app === undefined ? {} : { app }),
        ...(flags.machine === undefined ? {} : { machine: flags.machine }),
        ...(kind.length === 0 ? {} : { kind }),
        tail: flags.tail ?? 50,
        follow: flags.follow,
      },
      { signal: shell.signal },
    );
    try {
      for await (const event of stream) {
        print(event);
      }
    } catch (error) {
      if (shell.signal.aborted && flags.follow) return 130; // Ctrl-C is how following ends
      throw error;
    }
    return 0;
  },
});
