import { describe, expect, it } from 'vitest';
import { revokedSerials } from './end-sessions.ts';
import { createLoginReader } from './ssh-audit.ts';

const ours = 'SHA256:ours';
const entry = (message: string, pid = '7'): string =>
  JSON.stringify({
    MESSAGE: message,
    _PID: pid,
    __REALTIME_TIMESTAMP: '1795364566155622',
    __CURSOR: `at ${message.length}`,
  });
const tried = (outcome: string, ca: string): string =>
  `${outcome} publickey for deploy from 192.0.2.7 port 1 ssh2: ED25519-CERT SHA256:key ID ana@example.com (serial 42) CA ED25519 ${ca}`;

async function told(...lines: readonly string[]) {
  const read = createLoginReader(async () => ours);
  const all = [];
  for (const line of lines) all.push((await read(line))?.news);
  return all.filter((news) => news !== undefined);
}

describe('the audit of logins', () => {
  it('tells who came in with which certificate, and when', async () => {
    expect(await told(entry(tried('Accepted', ours)))).toEqual([
      {
        at: 1_795_364_566_155,
        kind: 'login',
        subject: 'deploy',
        what: 'ana@example.com logged in as deploy from 192.0.2.7 with certificate 42',
        detail: { account: 'deploy', from: '192.0.2.7', who: 'ana@example.com', serial: '42' },
      },
    ]);
  });

  it('says of a login by key that it was one', async () => {
    const [news] = await told(
      entry('Accepted publickey for root from 192.0.2.7 port 1 ssh2: ED25519 SHA256:key'),
    );
    expect(news?.what).toBe(
      'somebody logged in as root from 192.0.2.7 by publickey (SHA256:key), not by a certificate of the fleet',
    );
  });

  it('joins a refusal with the reason that the same process gave', async () => {
    const all = await told(
      entry('error: Certificate invalid: expired', '7'),
      entry('error: Certificate does not contain an authorized principal', '8'),
      entry(tried('Failed', ours), '7'),
      entry(tried('Failed', ours), '8'),
    );
    expect(all.map(({ what }) => what)).toEqual([
      'certificate 42 of ana@example.com was refused for deploy from 192.0.2.7: the certificate has expired',
      'certificate 42 of ana@example.com was refused for deploy from 192.0.2.7: the certificate is not for this account',
    ]);
  });

  it('does not let strangers fill the log', async () => {
    expect(
      await told(
        entry(tried('Failed', 'SHA256:another')),
        entry('Failed password for root from 192.0.2.7 port 1 ssh2'),
        entry('Failed publickey for root from 192.0.2.7 port 1 ssh2: ED25519 SHA256:key'),
        'no JSON',
      ),
    ).toEqual([]);
  });
});

it('the file of refused keys names the certificates whose sessions end', () => {
  const text =
    '# Kept by Ballast\n# certificate 4 of ana\nssh-ed25519 AAAA\n# certificate 17 of b\nssh-ed25519 BBBB\n';
  expect([...revokedSerials(text)]).toEqual([4, 17]);
});
