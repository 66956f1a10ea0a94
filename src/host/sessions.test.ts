import { describe, expect, it } from 'vitest';
import { isSession, sessionsNow } from './sessions.ts';

describe('sessions', () => {
  it.each([
    ['sshd-session: deploy [priv]', true],
    ['sshd: deploy [priv]', true],
    ['sshd-session: root@pts/0', true],
    ['sshd-session: [accepted]', false],
    ['sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups', false],
    ['sshd-session: unknown [preauth]', false],
  ])('are told from other processes of sshd: %s', (title, is) => {
    expect(isSession(title)).toBe(is);
  });

  it('can be asked for anywhere', async () => {
    expect(await sessionsNow()).toBeInstanceOf(Array);
  });
});
