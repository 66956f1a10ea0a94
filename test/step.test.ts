import { describe, expect, test } from 'vitest';
import { runStep } from '../scripts/step.ts';

describe('a step of a script', () => {
  test.each([
    ['ends well', ['sh', '-c', 'echo out; echo err >&2'], true, /out\nerr\n|err\nout\n/],
    ['ends badly', ['sh', '-c', 'echo why; exit 3'], false, /why/],
    ['is killed', ['sh', '-c', 'kill -9 $$'], false, /^$/],
    ['cannot be started', ['/no/such/program'], false, /ENOENT/],
  ])('that %s says so', async (_, argv, ok, output) => {
    const result = await runStep({ name: 'planted', argv, timeoutMs: 10_000 });
    expect(result).toMatchObject({ name: 'planted', ok });
    expect(result.output).toMatch(output);
  });

  test('that leaves something running is over all the same', async () => {
    const argv = ['sh', '-c', 'setsid sleep 6 & echo done'];
    const result = await runStep({ name: 'planted', argv, timeoutMs: 10_000 });
    expect(result).toMatchObject({ ok: true, output: 'done\n' });
    expect(result.ms).toBeLessThan(5_000);
  });

  test('that takes too long is ended and fails', async () => {
    const result = await runStep({ name: 'slow', argv: ['sleep', '30'], timeoutMs: 100 });
    expect(result.ok).toBe(false);
    expect(result.output).toContain('slow: ran for more than');
    expect(result.ms).toBeLessThan(10_000);
  });
});
