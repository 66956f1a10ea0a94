import type { Keys } from '#spec/table/shape.ts';
import {
  choice,
  either,
  flag,
  honoured,
  matching,
  object,
  pairs,
  refused,
  text,
  texts,
} from '#spec/table/shape.ts';

const windows = refused('it is for Windows', 'remove it');

const namespace = (...more: readonly string[]): ReturnType<typeof matching> =>
  matching(
    new RegExp(`^(${[...more, 'host', 'private'].join('|')}|(service|container):.+)$`),
    `one of ${[...more, 'host', 'private'].join(', ')}`,
  );

const device = object({
  source: honoured(text, 'path on the machine', { required: true, example: '/dev/ttyUSB0' }),
  target: honoured(text, 'path inside the container', { example: '/dev/ttyUSB0', byDefault: 'the same' }),
  permissions: honoured(matching(/^[rwm]{1,3}$/, 'letters of rwm'), 'read, write, mknod', {
    example: 'rw',
    byDefault: 'rwm',
  }),
});

/** What a container may do, and which walls stand between it and the machine. */
export const securityKeys: Keys = {
  read_only: honoured(
    flag,
    "the image's files cannot be written; volumes, tmpfs, /dev/shm, /run, /tmp and /var/tmp can",
    {
      example: 'true',
    },
  ),
  privileged: honoured(flag, 'all rights on the machine: use it with care', { example: 'true' }),
  cap_add: honoured(texts, 'capabilities given', { example: '[NET_ADMIN]' }),
  cap_drop: honoured(texts, 'capabilities taken away', { example: '[ALL]' }),
  security_opt: honoured(texts, 'no-new-privileges, seccomp, apparmor, label', {
    example: '[no-new-privileges]',
  }),
  sysctls: honoured(pairs, 'kernel parameters of the container', { example: '{ net.core.somaxconn: 1024 }' }),
  devices: honoured({ kind: 'list', of: either(text, device), unique: 'device' }, 'devices of the machine', {
    example: '["/dev/ttyUSB0:/dev/ttyUSB0:rw"]',
  }),
  device_cgroup_rules: honoured(texts, 'rules of the device controller', { example: '["c 188:* rmw"]' }),
  userns_mode: honoured(
    {
      kind: 'choice',
      values: ['host'],
      refused: {
        auto: {
          why: 'the range of users would change with every release, and files of volumes would belong to nobody',
          instead: 'run as a user of its own: user: "1000:1000"',
        },
        nomap: { why: 'it is for podman without root', instead: 'remove it' },
      },
    },
    'host: users are those of the machine',
    {
      example: 'host',
      byDefault: 'host',
    },
  ),
  ipc: honoured(namespace('shareable', 'none'), 'shared memory: of its own, none, or that of the machine', {
    example: 'host',
    byDefault: 'private',
  }),
  pid: honoured(namespace(), 'whose processes it sees', { example: 'host', byDefault: 'private' }),
  uts: honoured(namespace(), 'whose host name it sees', { example: 'host', byDefault: 'private' }),
  cgroup: honoured(choice('host', 'private'), 'which control groups it sees', {
    example: 'host',
    byDefault: 'private',
  }),
  cgroup_parent: refused(
    'each replica lives in the control group of its own systemd unit, which is how it is limited and found',
    'use deploy.resources',
  ),
  runtime: refused('machines have one OCI runtime, crun', 'remove it'),
  isolation: windows,
  credential_spec: windows,
  gpus: refused(
    'machines do not report GPUs yet, so no replica could be placed by them',
    'use devices with a placement constraint',
  ),
};
