import type { Row } from './row.ts';

/** Commands about what is not there, or that make no sense. */
export const commandRows: readonly Row[] = [
  row(['deplyo'], 64, ['there is no command "deplyo"', 'did you mean ballast deploy?']),
  row(['deploy', '--timeot', '3s'], 64, ['did you mean --timeout?']),
  row(['deploy', '--timeout', 'soon'], 64, ['--timeout needs a duration, not "soon"', '--timeout 90s']),
  row(['ls', '--env-file=nope'], 64, ['ballast ls has no flag --env-file']),
  row(['exec', 'web', '-a', 'keep', 'sh', '-c', 'exit 7', '--env-file=nope'], 7, []),
  row(['scale', 'webb=2', '-a', 'keep'], 1, ['app keep has no service "webb"', 'did you mean web?']),
  row(['scale', 'web=lots', '-a', 'keep'], 64, ['web cannot have "lots" replicas', 'web=5']),
  row(['scale', 'web=-1', '-a', 'keep'], 64, ['web cannot have "-1" replicas', 'from 0 to 10000']),
  row(['scale', 'web=20000', '-a', 'keep'], 64, ['web cannot have "20000" replicas', 'from 0 to 10000']),
  row(['scale', 'web', '-a', 'keep'], 64, ['does not say how many replicas', 'ballast scale web=5']),
  row(['scale', 'web=2', '-a', 'keeep'], 1, ['there is no app "keeep"', 'did you mean keep?']),
  row(['logs', 'webb', '-a', 'keep'], 1, ['has no service "webb"', 'did you mean web?']),
  row(['exec', 'webb', '-a', 'keep', '--', 'true'], 1, ['has no service "webb"', 'did you mean web?']),
  row(['exec', 'web', '-a', 'keep', '--', '/no/such'], 127, ['/no/such']),
  row(['restart', 'webb', '-a', 'keep'], 1, ['has no service "webb"', 'did you mean web?']),
  row(['rollback', '-a', 'keep'], 1, ['there is no release of keep to go back to', 'ballast rm keep']),
  row(['rollback', '77', '-a', 'keep'], 1, ['there is no release 77 of keep', 'ballast releases']),
  row(['rm', 'keeep', '-y'], 1, ['there is no app "keeep"', 'did you mean keep?']),
  row(['machine', 'rm', 'app-9', '-y'], 1, ['there is no machine "app-9"', 'did you mean app-1?']),
  row(['ls', '-c', 'badd'], 1, ['there is no context "badd"', 'did you mean bad?']),
  {
    ...row(['secret', 'set', 'empty'], 64, ['the value of secret empty is empty', 'standard input']),
    input: '',
  },
];

function row(words: readonly string[], exit: number, says: Row['says']): Row {
  return { name: `ballast ${words.join(' ')}`, words, exit, says };
}
