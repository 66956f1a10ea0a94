import { versionText } from './version.ts';

/**
 * Where the one executable begins. It must be cheap: what a subcommand needs is loaded when it is chosen, and
 * nothing at all is for `--version`.
 */
const [first, ...rest] = process.argv.slice(2);
const help = first === 'help' && rest.length === 1;
const name = help ? rest[0] : first;

switch (name) {
  case '--version':
  case '-V':
  case 'version':
    process.stdout.write(`${versionText()}\n`);
    break;
  case 'agent':
  case 'server':
    void other(name);
    break;
  case 'local-supervise':
    void supervise(rest[0] ?? '');
    break;
  case 'network-try':
    void tryNetwork();
    break;
  default:
    void import('./start.ts').then(({ start }) => start(process.argv.slice(2)));
}

/** Another program of the same executable. */
async function other(program: 'agent' | 'server'): Promise<void> {
  const [{ startOther }, programs] = await Promise.all([import('./start.ts'), import('./programs.ts')]);
  const command =
    program === 'agent'
      ? programs.agentCommand(() => import('#agent/main.ts'))
      : programs.serverCommand(() => import('#server/main.ts'));
  await startOther(program, command, help ? ['--help'] : rest);
}

/** What an agent runs within a container's network: it reads what to try, and prints what came of it. */
async function tryNetwork(): Promise<void> {
  const { tryInside } = await import('#agent/main.ts');
  await tryInside();
}

/** The process that holds one local machine. It has its own way with signals, so nothing else runs around it. */
async function supervise(dir: string): Promise<void> {
  const { superviseMachine } = await import('#provider/local/supervise.ts');
  process.exitCode = await superviseMachine(dir);
}
