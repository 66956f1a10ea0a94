import { expect, test } from 'vitest';
import type { Client } from '#wire/client.ts';
import type { MachineView } from '#wire/views.ts';
import { waitForMachines } from './deploy-fleet.ts';
import { progressOn } from './render/progress.ts';
import { testShell } from './testing/shell.ts';
import { machineView } from './testing/views.ts';

const failure = { resource: 'file:/etc/x', origin: 'old.yaml:5:81', what: 'exit code 255', times: 6 };
const failing = (failuresOf: number): MachineView =>
  machineView({ conformity: 'failing', failures: [failure], failuresOf });

/** A server whose machine is as these say, one after the other, and stays as the last. */
function server(...views: readonly MachineView[]): Client {
  const left = [...views];
  const client = { call: async () => ({ machines: [left.length > 1 ? left.shift() : left[0]] }), close() {} };
  return client as unknown as Client;
}

async function wait(client: Client) {
  const shell = testShell();
  const means = { client, progress: progressOn(shell, false) };
  const machines = await waitForMachines(['app-1'], { timeout: 5_000, plan: 7 }, means, shell);
  return { machines, text: shell.stderr() };
}

test('failures of the file before say nothing of the new one', async () => {
  const { machines, text } = await wait(server(failing(6), machineView({ failuresOf: 7 })));
  expect(machines).toMatchObject([{ name: 'app-1', conformity: 'up-to-date' }]);
  expect(text).not.toContain('old.yaml');
  expect(text).not.toContain('failed');
});

test('a step of the file itself that fails again and again ends the waiting', async () => {
  await expect(wait(server(failing(7)))).rejects.toMatchObject({
    code: 'command-failed',
    detail: { why: 'app-1: file:/etc/x (old.yaml:5:81) failed 6 times: exit code 255' },
  });
});
