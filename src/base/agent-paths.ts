/** Where a machine's agent is: the installer puts it there, and the agent takes itself away from there. */

export const executablePath = '/usr/local/bin/ballast';
/** What an agent is told before it first dials. */
export const agentConfigPath = '/etc/ballast/agent.json';
export const agentStateDir = '/var/lib/ballast';
export const agentUnit = 'ballast-agent.service';
export const agentUnitPath = `/etc/systemd/system/${agentUnit}`;

/** Directories that things of the fleet were in: they go with the agent, as far as they are empty. */
export const sharedDirectories: readonly string[] = [
  '/etc/ballast',
  '/etc/containers/certs.d',
  '/etc/containers/networks',
  '/etc/containers/systemd/ballast',
  '/etc/systemd/networkd.conf.d',
];
