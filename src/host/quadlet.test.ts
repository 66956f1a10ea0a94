import { expect, test } from 'vitest';
import { isSettled } from './quadlet.ts';
import { parseUnit } from './systemctl.ts';

const shown = (active: string, more = ''): string => `LoadState=loaded\nActiveState=${active}\n${more}`;

test.each([
  ['runs', 'active', '', true],
  ['is being started', 'activating', 'SubState=start', true],
  ['waits to be started again by systemd', 'activating', 'SubState=auto-restart', true],
  ['is between its stop and its start in a restart', 'inactive', 'Job=4711', true],
  ['was stopped', 'inactive', 'Job=0', false],
  ['has failed', 'failed', '', false],
  ['was given up after too many failures', 'failed', 'Result=start-limit-hit', true],
  ['has to be read anew', 'active', 'NeedDaemonReload=yes', false],
])('a replica’s unit that %s', (_, active, more, settled) => {
  expect(isSettled(parseUnit(shown(active, more)), 'always')).toBe(settled);
});
