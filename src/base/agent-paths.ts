/** Where a machine's agent is: the installer puts it there, and the agent takes itself away from there. */

export const executablePath = '/usr/local/bin/ballast';
/** What an agent is told before it first dials. */
export const agentConfigPath = '/etc/ballast/agent.json';
export const agentStateDir = '/var/lib/ballast';
export const agentUnit = 'ballast-agent.service';
export const agentUnitPath = `/etc/systemd/system/${agentUnit}`;
