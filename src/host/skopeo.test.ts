import { expect, test } from 'vitest';
import { authText } from './images/login.ts';
import { copyArgs, digestFor, explainMissing, inspectArgs, pushArgs } from './skopeo.ts';

const files = { certDir: '/tmp/ca', authFile: '/tmp/login/auth.json' };
const transfer = { to: '10.90.0.1:5001/shop/web:1', files, digestFile: '/tmp/digest' };
const postgres = { host: 'docker.io', path: 'library/postgres', tag: '17' };

test('accounts reach the tools as files, never as arguments', () => {
  const text = authText({ address: '10.90.0.1:5001', username: 'push', password: 'hunter2' });
  expect(JSON.parse(text)).toEqual({
    auths: { '10.90.0.1:5001': { auth: Buffer.from('push:hunter2').toString('base64') } },
  });
  const argv = [
    ...pushArgs({ ...transfer, image: 'abc' }),
    ...copyArgs({ ...transfer, from: 'docker://a/b' }),
  ];
  expect(argv).toContain('--authfile=/tmp/login/auth.json');
  expect(argv).toContain('--dest-authfile=/tmp/login/auth.json');
  expect(argv.some((arg) => /cred|password/.test(arg))).toBe(false);
});

test('a copy from a registry keeps its digest', () => {
  expect(copyArgs({ ...transfer, from: 'docker://docker.io/library/postgres:17' })).toContain(
    '--preserve-digests',
  );
  expect(copyArgs({ ...transfer, from: 'oci-archive:/a.tar' })).not.toContain('--preserve-digests');
});

test('a tag is asked for once, raw, so that the digest is that of what was answered', () => {
  expect(inspectArgs(postgres)).toEqual(['inspect', '--raw', 'docker://docker.io/library/postgres:17']);
});

test('of an index, the entry for the architecture counts', () => {
  const entry = (digest: string, architecture: string) => ({
    digest,
    platform: { os: 'linux', architecture },
  });
  const index = JSON.stringify({ manifests: [entry('sha256:a', 'arm64'), entry('sha256:b', 'amd64')] });
  expect(digestFor(index, 'amd64')).toBe('sha256:b');
  expect(digestFor(index, 'arm64')).toBe('sha256:a');
  expect(digestFor(index, 'riscv64')).toBeUndefined();
});

test('a plain manifest is its own digest', () => {
  expect(digestFor('{}', 'amd64')).toBe(
    'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  );
});

test.each([
  ['manifest unknown', 'does not exist'],
  ['requested access to the resource is denied', 'needs a login'],
  ['dial tcp: lookup docker.io: no such host', 'cannot be resolved'],
])('%s says why the image cannot be had', (stderr, words) => {
  const error = explainMissing(postgres, `time="now" level=fatal msg="${stderr}"\n`);
  expect(error.code).toBe('image-not-found');
  expect(error.message).toContain('docker.io/library/postgres:17');
  expect(error.message).toContain(words);
  expect(error.detail.fix).toBeTruthy();
});
