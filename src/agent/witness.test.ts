import { expect, test } from 'vitest';
import type { Resource } from '#compile/manifest.ts';
import type { Session } from '#host/sessions.ts';
import { createWitness } from './witness.ts';

const ana: Session = { session: '4', user: 'root', who: 'ana@example.com', since: 1, pid: 10 };
const bob: Session = { session: '5', user: 'root', who: 'bob@example.com', since: 2, pid: 11 };
const base = { after: [], origin: 'test' };
const file: Resource = {
  ...{ ...base, kind: 'file', id: 'file:/etc/motd', path: '/etc/motd', content: '' },
  ...{ mode: 0o644, owner: 'root', group: 'root' },
};
const volume: Resource = {
  ...{ ...base, kind: 'volume', id: 'volume:data', name: 'data', driver: 'local', options: {}, labels: {} },
};

function watched(...open: Session[]) {
  const time = { now: 1_000_000, open };
  const witness = createWitness(
    () => time.now,
    async () => time.open,
  );
  return { time, witness };
}

test('nobody is named when nobody was there', async () => {
  expect(await watched().witness.who(file)).toBeUndefined();
});

test('who was logged in alone is said to have been there, and no more than that', async () => {
  expect(await watched(ana).witness.who(file)).toEqual({
    text: 'while ana@example.com (session 4) was logged in',
    name: 'ana@example.com (session 4)',
    certain: false,
  });
});

test('of several, all are named', async () => {
  const culprit = await watched(ana, bob).witness.who(file);
  expect(culprit?.text).toBe(
    'while ana@example.com (session 4) and bob@example.com (session 5) were logged in',
  );
});

test('a trace that a session left names its person for certain', async () => {
  const { witness, time } = watched(ana, bob);
  witness.heard({ PODMAN_TYPE: 'volume', PODMAN_NAME: 'data', _SYSTEMD_UNIT: 'session-5.scope' });
  expect(await witness.who(volume)).toEqual({
    ...{ text: 'by bob@example.com (session 5)', name: 'bob@example.com (session 5)', certain: true },
  });
  time.now += 60_000;
  expect((await witness.who(volume))?.certain).toBe(false);
});

test('a trace of another thing, or of no session, names nobody', async () => {
  const { witness } = watched(ana, bob);
  witness.heard({ PODMAN_TYPE: 'volume', PODMAN_NAME: 'data-2', _SYSTEMD_UNIT: 'session-5.scope' });
  witness.heard({ PODMAN_TYPE: 'volume', PODMAN_NAME: 'data', _SYSTEMD_UNIT: 'ballast-agent.service' });
  expect((await witness.who(volume))?.certain).toBe(false);
});

test('a command over ssh that is over already was there still', async () => {
  const { witness, time } = watched();
  const sshd = { _COMM: 'sshd-session', _PID: '77' };
  const key = 'ED25519-CERT SHA256:aa ID cyd@example.com (serial 3) CA ED25519 SHA256:bb';
  witness.heard({
    ...sshd,
    MESSAGE: `Accepted publickey for root from 192.0.2.1 port 4 ssh2: ${key}`,
  });
  witness.heard({ ...sshd, MESSAGE: 'pam_unix(sshd:session): session closed for user root' });
  expect((await witness.who(file))?.name).toBe('cyd@example.com (session ssh-77)');
  time.now += 10_000;
  expect(await witness.who(file)).toBeUndefined();
});
