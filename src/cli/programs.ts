import { type Command, command } from './command.ts';

/** What main.ts brings: the other programs are never imported from here. */
export interface AgentProgram {
  readonly runAgent: (options: {
    readonly configFile?: string;
    readonly stateDir?: string;
    readonly signal: AbortSignal;
  }) => Promise<void>;
}

/** `ballast agent`, as its systemd unit runs it. */
export function agentCommand(load: () => Promise<AgentProgram>): Command {
  return command({
    details: `Runs on each machine of the fleet as ballast-agent.service; machine add installs it. It holds the machine to its
last manifest, with or without a server, until it is told to end. Containers run on without it.`,
    args: [],
    flags: {
      config: {
        kind: 'text',
        value: 'FILE',
        summary: 'what it was told when it was installed (default: /etc/ballast/agent.json)',
        completes: 'file',
      },
      state: { kind: 'text', value: 'DIR', summary: 'where it keeps its state (default: /var/lib/ballast)' },
    },
    examples: [{ does: 'By hand, to see what it says', line: 'ballast agent' }],
    async run({ flags }, shell) {
      const { runAgent } = await load();
      await runAgent({
        ...(flags.config === undefined ? {} : { configFile: flags.config }),
        ...(flags.state === undefined ? {} : { stateDir: flags.state }),
        signal: shell.signal,
      });
      return 0;
    },
  });
}
