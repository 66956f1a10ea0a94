import { agentConfigPath, agentUnit, agentUnitPath, executablePath } from '#base/agent-paths.ts';
import type { SeedFile } from './port.ts';

/** The link by which systemd starts the agent at boot. */
const agentEnabledPath = `/etc/systemd/system/multi-user.target.wants/${agentUnit}`;

/** Part of the answer to `machine add`. */
export interface AgentConfig {
  readonly machine: string;
  /** URL to dial. */
  readonly server: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  /** Good for one enrolment within minutes; worthless once the agent holds a certificate. */
  readonly token: string;
}

/** All files that make a machine's agent: the same on a machine that is being made and on one that is there. */
export function agentSeed({
  enrolment,
  executable,
}: {
  readonly enrolment: AgentConfig;
  /** The executable on this computer. */
  readonly executable: string;
}): SeedFile[] {
  const { machine, server, ca, token } = enrolment;
  return [
    { path: executablePath, mode: 0o755, copyOf: executable },
    ...agentFiles({ machine, server, ca, token }),
    { path: agentEnabledPath, mode: 0o777, linkTo: agentUnitPath },
  ];
}

/** What the agent is told and its unit. One that is told no name gets it from the server when it joins. */
export const agentFiles = (
  config: Omit<AgentConfig, 'machine'> & { readonly machine?: string },
): SeedFile[] => [
  { path: agentConfigPath, mode: 0o600, content: `${JSON.stringify(config, null, 2)}\n` },
  { path: agentUnitPath, mode: 0o644, content: unit },
];

/**
 * The agent manages the whole system, so it cannot be fenced off from it. What it starts inherits its limits,
 * commands that people run inside their containers among it: hence no limit that would surprise them there.
 * Only the agent itself is stopped with the unit, never a package manager that is at work on its behalf.
 * Its threads share one malloc arena: each would keep what it once needed, and they hardly ever work at once.
 */
const unit = `[Unit]
Description=Ballast agent
After=network.target dbus.socket
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${executablePath} agent
Restart=always
RestartSec=1
KillMode=process
TimeoutStopSec=20
StateDirectory=ballast
StateDirectoryMode=0700
UMask=0077
LimitNOFILE=65536
Environment=HOME=/root LC_ALL=C.UTF-8 MALLOC_ARENA_MAX=1
SyslogIdentifier=ballast-agent

[Install]
WantedBy=multi-user.target
`;
