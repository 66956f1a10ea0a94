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
  expect(bootArgv(record, paths, ['/sys/fs/cgroup/cpu/x/cgroup.procs'], 'bl-demo')).toMatchInlineSnapshot(`
    [
      "sh",
      "-c",
      "while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"",
      "sh",
      "/sys/fs/cgroup/cpu/x/cgroup.procs",
      "--",
      "setpriv",
      "--pdeathsig",
      "KILL",
      "--",
      "nsenter",
      "--net=/run/netns/bl-demo",
      "--",
      "systemd-nspawn",
      "--quiet",
      "--register=no",
      "--keep-unit",
      "--console=pipe",
      "--link-journal=no",
      "--resolv-conf=off",
      "--timezone=off",
      "--machine=m0a5a0001",
      "--hostname=app-1",
      "--directory=/state/machines/app-1/root",
      "--network-bridge=br0",
      "--bind=/state/machines/app-1/containers:/var/lib/containers",
      "--bind=/state/machines/app-1/signals:/run/ballast-local",
      "--capability=all",
      "--drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME,CAP_SYS_RAWIO",
      "--system-call-filter=@keyring bpf",
      "/usr/local/sbin/local-boot",
    ]
  `);
});

test('a command inside a machine has the cgroups of the machine and nothing of the environment of this computer', () => {
  expect(enterArgv(42, ['/sys/fs/cgroup/x/cgroup.procs'])).toMatchInlineSnapshot(`
    [
      "sh",
      "-c",
      "while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"",
      "sh",
      "/sys/fs/cgroup/x/cgroup.procs",
      "--",
      "nsenter",
      "--target=42",
      "--mount",
      "--uts",
      "--ipc",
      "--net",
      "--pid",
      "--cgroup",
      "--root",
      "--wd",
      "--",
      "env",
      "--ignore-environment",
      "HOME=/root",
      "LC_ALL=C.UTF-8",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "PODMAN_IGNORE_CGROUPSV1_WARNING=1",
    ]
  `);
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
  ).toMatchInlineSnapshot(`
    [
      "systemd-run",
      "--quiet",
      "--collect",
      "--unit=bl-demo-app-1.service",
      "--property=Delegate=yes",
      "--property=KillMode=mixed",
      "--property=TimeoutStopSec=30",
      "--property=StandardOutput=append:/log",
      "--property=StandardError=append:/log",
      "--",
      "/usr/bin/ballast",
      "local-supervise",
      "/state/machines/app-1",
    ]
  `);
});
