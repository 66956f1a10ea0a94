import { describe, expect, test } from 'vitest';
import { explainSshFailure, offeredKeys, sshArgv } from './session.ts';

const target = { user: 'root', host: '192.0.2.10', port: 22 };
const options = { stateDir: '/state', control: '/run/ballast/ssh/1' };

test('ssh never asks, remembers host keys in a file of its own and shares one connection', () => {
  expect(sshArgv(target, options, ['sh', '-c', 'echo "$HOME"'])).toMatchInlineSnapshot(`
    [
      "ssh",
      "-o",
      "BatchMode=yes",
      "-o",
      "ConnectTimeout=10",
      "-o",
      "ServerAliveInterval=5",
      "-o",
      "ServerAliveCountMax=3",
      "-o",
      "StrictHostKeyChecking=accept-new",
      "-o",
      "UserKnownHostsFile=/state/known_hosts",
      "-o",
      "GlobalKnownHostsFile=/dev/null",
      "-o",
      "LogLevel=ERROR",
      "-o",
      "ControlMaster=auto",
      "-o",
      "ControlPath=/run/ballast/ssh/1",
      "-o",
      "ControlPersist=60",
      "-p",
      "22",
      "-l",
      "root",
      "--",
      "192.0.2.10",
      "sh -c 'echo "$HOME"'",
    ]
  `);
});

test('a key that is named is the only one offered', () => {
  const argv = sshArgv({ ...target, port: 2222 }, { ...options, identity: '/keys/id' }, []);
  expect(argv).toEqual(expect.arrayContaining(['IdentityFile=/keys/id', 'IdentitiesOnly=yes', '2222']));
});

describe('a failure to connect', () => {
  test.each([
    [
      'ssh: connect to host 192.0.2.10 port 22: Connection refused',
      'unreachable',
      'nothing listens on port 22',
    ],
    ['ssh: connect to host 192.0.2.10 port 22: Connection timed out', 'unreachable', 'it does not answer'],
    ['ssh: connect to host 192.0.2.10 port 22: No route to host', 'unreachable', 'it does not answer'],
    [
      'ssh: Could not resolve hostname web: Name or service not known',
      'unreachable',
      'the name 192.0.2.10 is not known',
    ],
    [
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
      'unreachable',
      'its host key is not the one it had before: it was installed anew, or something answers in its place',
    ],
    ['kex_exchange_identification: read: Connection reset by peer', 'unreachable', 'the connection ended'],
    ['root@192.0.2.10: Permission denied (publickey,password).', 'forbidden', undefined],
  ])('of which ssh says %j is %s', (stderr, code, why) => {
    const explained = explainSshFailure(target, options, stderr);
    expect([explained.code, explained.detail.why]).toEqual([code, why]);
    expect(explained.detail.fix).toBeTruthy();
    expect(explained.detail.log).toEqual(stderr.split('\n'));
  });

  test('by which no key is accepted tells which were offered', () => {
    const stderr = `debug1: Offering public key: /home/ana/.ssh/id_ed25519 ED25519 SHA256:abc agent
debug1: Authentications that can continue: publickey
debug1: Offering public key: /home/ana/.ssh/id_rsa RSA SHA256:def
debug1: Offering public key: /home/ana/.ssh/id_rsa RSA SHA256:def
`;
    expect(offeredKeys(stderr)).toEqual(['/home/ana/.ssh/id_ed25519', '/home/ana/.ssh/id_rsa']);
  });
});
