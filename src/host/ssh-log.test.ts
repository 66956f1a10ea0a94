import { describe, expect, it } from 'vitest';
import { parseSshLine } from './ssh-log.ts';

const key = 'SHA256:4+ob4JHN4NO96GdfTJrow4ltDTorW0lJn3TE/PdRMKo';
const ca = 'SHA256:fGENt3jLXbwHgRGHp7g1CNPtB4fw1AtlVK/V7gfdIrc';

describe('what sshd says', () => {
  it('tells who logged in with which certificate', () => {
    const line = `Accepted publickey for deploy from 192.0.2.7 port 59652 ssh2: ED25519-CERT ${key} ID ana@example.com (serial 42) CA ED25519 ${ca}`;
    expect(parseSshLine(line)).toEqual({
      kind: 'accepted',
      user: 'deploy',
      from: '192.0.2.7',
      method: 'publickey',
      key,
      certificate: { id: 'ana@example.com', serial: 42, ca },
    });
  });

  it('tells a key from a certificate', () => {
    const line = `Failed publickey for invalid user ghost from 2001:db8::1 port 1 ssh2: ED25519 ${key}`;
    expect(parseSshLine(line)).toEqual({
      kind: 'failed',
      user: 'ghost',
      from: '2001:db8::1',
      method: 'publickey',
      key,
    });
  });

  it('is not led astray by a name that looks like the rest of the line', () => {
    const name = `x from 203.0.113.9 port 1 ssh2: ED25519-CERT ${key} ID eve (serial 1) CA ED25519 ${ca}`;
    const line = `Failed password for invalid user ${name} from 192.0.2.7 port 22 ssh2`;
    expect(parseSshLine(line)).toEqual({ kind: 'failed', user: name, from: '192.0.2.7', method: 'password' });
  });

  it.each([
    ['error: Certificate invalid: expired', 'the certificate has expired'],
    [
      'error: Certificate does not contain an authorized principal',
      'the certificate is not for this account',
    ],
    [
      `error: Authentication key ED25519-CERT ${key} revoked by file /etc/ssh/ballast/revoked`,
      'the certificate is revoked',
    ],
    ['error: Refused by certificate principals options', 'the address is not one of those allowed'],
  ])('knows why a certificate is refused: %s', (line, what) => {
    expect(parseSshLine(line)).toEqual({ kind: 'reason', what });
  });

  it.each(['Server listening on 0.0.0.0 port 22.', 'User child is on pid 333', ''])(
    'leaves other lines alone: %s',
    (line) => {
      expect(parseSshLine(line)).toBeUndefined();
    },
  );
});
