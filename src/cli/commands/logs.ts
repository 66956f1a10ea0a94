import { BallastError } from '#base/errors.ts';
import { appFlag, command } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showTime } from '#cli/render/age.ts';
import { paintName } from '#cli/render/paint.ts';
import { padEnd, tame, widthOf } from '#cli/render/text.ts';
import { line, type Shell } from '#cli/shell.ts';
import { findTarget, type Target } from '#cli/target.ts';
import type { Client } from '#wire/client.ts';
import type { LogLine } from '#wire/views.ts';

export const logs = command({
  details: `Lines of all replicas come merged by time, each behind the name of its replica. What a replica printed on
its standard error is printed here on standard output too: use -o json to tell them apart.`,
  args: [
    {
      name: 'SERVICE',
      summary: 'a service, or one replica by its full name (default: the whole app)',
      optional: true,
      completes: 'service',
    },
  ],
  flags: {
    ...appFlag,
    follow: { kind: 'switch', short: 'f', summary: 'go on as lines come' },
    tail: {
      kind: 'number',
      short: 'n',
      value: 'N',
      summary: 'how many past lines of each replica (default: 100)',
    },
    since: { kind: 'duration', value: 'TIME', summary: 'only lines of the last 10m, 2h…' },
    ingress: { kind: 'switch', summary: 'what the world asked for by host name, one line a request' },
    host: { kind: 'text', value: 'HOST', summary: 'only requests for this host; with --ingress' },
    timestamps: { kind: 'switch', short: 't', summary: 'show when each line was printed' },
    'no-prefix': { kind: 'switch', summary: 'lines as they are, without the name of the replica' },
    output: {
      kind: 'choice',
      short: 'o',
      choices: ['table', 'json'],
      summary: 'json gives one object per line',
    },
  },
  examples: [
    { does: 'Follow the web service', line: 'ballast logs -f web' },
    {
      does: 'The last ten minutes of one replica, with times',
      line: 'ballast logs guestbook-web-1-r3 --since 10m -t',
    },
    {
      does: 'What the world asks of one host name',
      line: 'ballast logs --ingress --host www.example.com -f',
    },
  ],
  async run({ flags, args: [word] }, shell) {
    const client = await connect(flags, shell);
    checkIngress(flags, word);
    const target = flags.ingress ? undefined : await findTarget(word, flags.app, client, shell);
    const json = flags.json || flags.output === 'json';
    const prefix = prefixer(shell);
    let seen = 0;
    try {
      const input = {
        follow: flags.follow,
        tail: flags.tail ?? (flags.since === undefined ? 100 : 10_000),
        ...(flags.since === undefined ? {} : { sinceMs: shell.now() - flags.since }),
      };
      const host = flags.host === undefined ? {} : { host: flags.host.toLowerCase() };
      const lines =
        target === undefined
          ? client.stream('ingressLogs', { ...input, ...host }, { signal: shell.signal })
          : client.stream('logs', { ...target, ...input }, { signal: shell.signal });
      for await (const entry of lines) {
        seen += 1;
        if (json) line(shell.out, JSON.stringify(entry));
        else {
          const time = flags.timestamps ? `${shell.out.paint.dim(showTime(entry.at))} ` : '';
          line(shell.out, `${flags['no-prefix'] ? '' : prefix(entry)}${time}${showText(entry, shell)}`);
        }
      }
    } catch (error) {
      if (shell.signal.aborted && flags.follow) return 130; // Ctrl-C is how following ends
      throw error;
    }
    if (flags.follow) {
      throw new BallastError('no-server', 'the log stream ended: the server went away', {
        fix: 'run it again; with --since 1m it goes on where it was',
      });
    }
    if (seen === 0 && !flags.quiet) {
      const why = target === undefined ? ['Nothing was asked for.'] : await whySilent(target, client, shell);
      for (const text of why) line(shell.err, text);
    }
    return 0;
  },
});

function checkIngress(
  {
    ingress,
    host,
    app,
  }: { readonly ingress: boolean; readonly host?: string | undefined; readonly app?: string | undefined },
  word: string | undefined,
): void {
  if (host !== undefined && !ingress) {
    throw new BallastError('usage', '--host needs --ingress', { fix: 'ballast logs --ingress --host HOST' });
  }
  if (ingress && (word ?? app) !== undefined) {
    throw new BallastError('usage', '--ingress shows requests by host name, not those of one service', {
      fix: 'ballast logs --ingress --host HOST',
    });
  }
}

/** A replica that is gone took its log with it, which is another thing than having printed nothing. */
async function whySilent(target: Target, client: Client, shell: Shell): Promise<readonly string[]> {
  const { app, service, replica } = target;
  const { replicas } = await client.call('listReplicas', { app }, { signal: shell.signal });
  const there = replicas.some(
    (each) =>
      (service === undefined || each.service === service) && (replica === undefined || each.id === replica),
  );
  if (there) return ['Nothing was printed.'];
  const of = replica ?? (service === undefined ? app : `${service} in ${app}`);
  return [
    replica === undefined ? `No replica of ${of} is there any more.` : `${of} is there no more.`,
    `How ${app} stands, and why: ballast status. What happened: ballast events -a ${app}`,
  ];
}

/** Prefixes of one width, which grows with the longest name so far. */
export function prefixer({ out: { paint, marks } }: Pick<Shell, 'out'>): (entry: LogLine) => string {
  let width = 0;
  return ({ replica }) => {
    width = Math.max(width, widthOf(replica));
    return `${paintName(paint, padEnd(replica, width))} ${paint.dim(marks.bar)} `;
  };
}

/** A terminal gets no control characters from a container, except colours; a file gets the line as it is. */
function showText({ text }: LogLine, { out }: Pick<Shell, 'out'>): string {
  if (!out.isTerminal) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: splits at colour sequences
  const parts = text.split(/(\u001b\[[0-9;]*m)/);
  const shown = parts.map((part, index) => (index % 2 === 1 ? part : tame(part))).join('');
  return parts.length > 1 ? `${shown}\u001b[0m` : shown;
}
