import { expect, test } from 'vitest';
import { execCommand } from './exec-stream.ts';

const request = {
  kind: 'exec',
  stream: 1,
  replica: 'web-1',
  command: ['sh', '-c', `echo "it's"`],
  tty: false,
  stdin: false,
  env: {},
} as const;

test('a command without a terminal is an argument array, and values of variables are not in it', () => {
  const { argv, env } = execCommand({ ...request, stdin: true, env: { PASSWORD: 'hunter2' }, user: 'app' });
  expect(argv).toEqual([
    ...['podman', 'exec', '--interactive', '--env', 'PASSWORD', '--user', 'app'],
    ...['web-1', 'sh', '-c', `echo "it's"`],
  ]);
  expect(env).toEqual({ PASSWORD: 'hunter2' });
});

test('a terminal has the size of the person’s, and words reach the container as they are', () => {
  const { argv } = execCommand({ ...request, tty: true, size: { rows: 40, columns: 132 }, env: { A: 'b' } });
  expect(argv[0]).toBe('script');
  expect(argv[6]).toBe(
    `stty rows 40 cols 132; exec 'podman' 'exec' '--interactive' '--tty' '--env' 'A' 'web-1' 'sh' '-c' 'echo "it'\\''s"'`,
  );
});
