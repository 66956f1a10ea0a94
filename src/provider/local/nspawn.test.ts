import { expect, test } from 'vitest';
import { bootArgv, enterArgv, overlayOptions } from './nspawn.ts';
import { type MachineRecord, pathsOf } from './record.ts';
import { unitArgv } from './supervisor.ts';

const record: MachineRecord = {
  fleet: 'demo',
  name: 'app-1',
  address: '10.90.0.1',
  phase: 'made',
  size: {},
  lower: ['/state/layers/a:b', '/cache/base'],
  seed: '',
};
const paths = pathsOf('/state/machines/app-1');

test('a machine boots in its cgroups and its network namespace, and dies with its supervisor', () => {
  expect(bootArgv(record, paths, ['/sys/fs/cgroup/cpu/x/cgroup.procs'], 'bl-demo')).toMatchInlineSnapshot();
});

test('a command inside a machine has the cgroups of the machine and nothing of the environment of this computer', () => {
  expect(enterArgv(42, ['/sys/fs/cgroup/x/cgroup.procs'])).toMatchInlineSnapshot();
});

test('a root is the machine over its layers over the base, whatever characters their paths have', () => {
  expect(overlayOptions(record, paths)).toBe(
    'lowerdir=/state/layers/a\\:b:/cache/base,upperdir=/state/machines/app-1/upper,workdir=/state/machines/app-1/work',
  );
});

test('under systemd a supervisor is a unit with cgroups of its own to divide', () => {
  expect(
    unitArgv(
      ['/usr/bin/ballast', 'local-supervise', '/state/machines/app-1'],
      'bl-demo-app-1.service',
      '/log',
    ),
  ).toMatchInlineSnapshot();
});
