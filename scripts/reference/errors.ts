import { type ErrorCode, errorTable } from '#base/errors.ts';
import { heading, table } from './markdown.ts';

const meanings: Readonly<Record<ErrorCode, string>> = {
  'bad-file':
    'A file that a person wrote is wrong. Every problem comes with file, line and column: mend them all at once.',
  usage: 'The command line is wrong: an unknown command or flag, or a missing argument.',
  'bad-request': 'The server cannot make sense of a request.',
  unauthenticated:
    'The server does not know who asks: the token or certificate is missing, wrong or has expired.',
  forbidden: 'The server knows who asks, and they may not.',
  'not-found': 'What was named is not there.',
  conflict: 'Something changed meanwhile, or two asked for opposite things at once. Look, then ask again.',
  refused:
    'It could be done, but something would be lost or is in the way. The message says what, and how to have it all the ' +
    'same. To ask again is of no use.',
  'does-not-fit':
    'No machine has room for a replica. The message says what is short and by how much on the best machine.',
  'rolled-back':
    'A rollout failed and the release before it runs again. The failing replica’s last lines are shown.',
  undone: 'A change that cut a machine off from the control plane was taken back by the machine itself.',
  'timed-out': 'It took longer than allowed. What was begun goes on unless the message says otherwise.',
  unreachable: 'A machine could not be reached, or stopped answering.',
  'no-server': 'The control plane does not answer. Apps keep running; nothing can be changed meanwhile.',
  'build-failed': 'An image could not be built. Its last lines are shown.',
  'image-not-found': 'An image or tag does not exist where it was looked for.',
  'command-failed': 'A program that Ballast called ended badly. Its last lines are shown.',
  'missing-tool': 'A program that is needed is not installed. The message says how to install it.',
  'not-supported': 'It makes sense, but Ballast cannot do it. The message says what to use instead.',
  interrupted: 'A person or the system asked for the end, by Ctrl-C or a signal.',
  internal: 'A fault of Ballast itself. Please report it with what the message shows.',
};

/** docs/reference/errors.md: the table of operating errors. */
export function errorReference(): string {
  const codes = Object.keys(errorTable) as ErrorCode[];
  return [
    heading(1, 'Errors'),
    'Each operating error has a code that keeps its meaning. The command line shows what happened, where, why, what to ' +
      'do next, and the last lines of the log that shows it; with `--json` the same comes as data. The API answers with ' +
      'the same fields: `code`, `what`, `why`, `fix`, `log`, `problems`.',
    table(
      ['code', 'meaning', 'exit code', 'HTTP status'],
      codes.map((code) => [
        `\`${code}\``,
        meanings[code],
        String(errorTable[code].exit),
        String(errorTable[code].http),
      ]),
    ),
    '',
  ].join('\n\n');
}
