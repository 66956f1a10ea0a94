import { expect, test } from 'vitest';
import { startProcess } from './process.ts';
import { resizeTerminal } from './terminal.ts';

test('a terminal gets another size, and what runs in it is told', async () => {
  let output = '';
  const line = 'trap "stty size; exit" WINCH; echo begun; while :; do sleep 0.1; done';
  const argv = ['script', '--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'];
  let begun = () => {};
  const ready = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const running = startProcess(argv, {
    env: { SHELL: '/bin/sh' },
    stdin: true,
    onOutput: (_, data) => {
      output += data.toString();
      if (output.includes('begun')) begun();
    },
  });
  await ready;
  await resizeTerminal(running.pid ?? 0, { rows: 41, columns: 133 });
  expect(await running.done).toBe(0);
  expect(output).toContain('41 133');
});
