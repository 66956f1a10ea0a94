import { expect, test } from 'vitest';
import { parseMountPoints } from './mounts.ts';
import { isInit } from './processes.ts';

test('mount points are read from the mount table, also those with spaces', () => {
  const table = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:5 net:[4026532] /run/netns/bl-demo rw shared:1 - nsfs nsfs rw
31 22 0:30 / /var/lib/my\\040machines/root rw - overlay overlay rw
`;
  expect(parseMountPoints(table)).toEqual(['/', '/run/netns/bl-demo', '/var/lib/my machines/root']);
});

test.each([
  ['Name:\tsystemd\nNSpid:\t4242\t1\n', true],
  ['Name:\tsystemd\nNSpid:\t4242\t17\t1\n', true],
  ['Name:\tbash\nNSpid:\t4242\t17\n', false],
  ['Name:\tinit\nNSpid:\t1\n', false],
  ['', false],
])('a process with %j is process 1 of another namespace: %s', (status, answer) => {
  expect(isInit(status)).toBe(answer);
});
