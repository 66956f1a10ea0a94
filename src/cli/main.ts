import { versionText } from './version.ts';

/**
 * Where the one executable begins. It must be cheap: what a subcommand needs is loaded when it is chosen, and
 * nothing at all is for `--version`.
 */
const words = process.argv.slice(2);
switch (words[0]) {
  case '--version':
  case '-V':
  case 'version':
    process.stdout.write(`${versionText()}\n`);
    break;
  default:
    void import('./start.ts').then(({ start }) => start(words));
}
