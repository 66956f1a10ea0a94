import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { certificateRequest } from '#server/testing/certificate-request.ts';
import { lifeOf, lifetimes, makeAuthority, openAuthority, requestKeyId } from './authority.ts';
import { authorityFrom } from './authority-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-pki-'));
afterAll(() => rmSync(folder, { recursive: true }));
const now = () => Date.now();

test('a server certificate holds its addresses and names, and only serves', async () => {
  const authority = await openAuthority(await makeAuthority('acme', now()), now);
  const { certificate, key } = await authority.forServer(['127.0.0.1', 'ballast-server'], lifetimes.server);
  const read = new X509Certificate(certificate);
  expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(read.checkHost('ballast-server')).toBe('ballast-server');
  expect(read.checkHost('other')).toBeUndefined();
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(read.ca).toBe(false);
  expect(read.verify(createPublicKey(authority.certificate))).toBe(true);
  expect(read.checkPrivateKey((await import('node:crypto')).createPrivateKey(key))).toBe(true);
});

test('an agent certificate bears the machine the server says, not the one the request asks for', async () => {
  const authority = await openAuthority(await makeAuthority('acme', now()), now);
  const { csr } = await certificateRequest('agent:someone-else');
  const read = new X509Certificate(await authority.forAgent(csr, 'app-1', 'id1'));
  expect(read.subject).toBe('CN=agent:app-1\nOU=id1');
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  const { endsAt } = lifeOf(read.toString());
  expect(endsAt - Date.now()).toBeLessThanOrEqual(24 * 3_600_000);
  expect(endsAt - Date.now()).toBeGreaterThan(23 * 3_600_000);
});

test.each([
  ['no PEM', 'hello'],
  ['a certificate instead', 'certificate'],
  [
    'random bytes',
    `-----BEGIN CERTIFICATE REQUEST-----\n${randomBytes(99).toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
  ],
])('a request that is %s is refused', async (_, text) => {
  const authority = await openAuthority(await makeAuthority('acme', now()), now);
  const csr = text === 'certificate' ? authority.certificate : text;
  await expect(authority.forAgent(csr, 'app-1', 'id')).rejects.toMatchObject({ code: 'bad-request' });
});

test('a request is known by its key', async () => {
  const one = await certificateRequest('a');
  const two = await certificateRequest('a');
  expect(await requestKeyId(one.csr)).toBe(await requestKeyId(one.csr));
  expect(await requestKeyId(one.csr)).not.toBe(await requestKeyId(two.csr));
});

test('the authority is made once, stays the same and is readable by its owner only', async () => {
  const path = join(folder, 'ca.pem');
  const first = await authorityFrom(path, 'acme', now);
  const second = await authorityFrom(path, 'acme', now);
  expect(second.certificate).toBe(first.certificate);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('an authority file that is damaged is not replaced but complained about', async () => {
  const path = join(folder, 'broken.pem');
  writeFileSync(path, 'garbage');
  await expect(authorityFrom(path, 'acme', now)).rejects.toMatchObject({ code: 'bad-file' });
});
