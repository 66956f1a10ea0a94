import { beforeAll, expect, test } from 'vitest';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import { release, service } from '#test/sim/world.ts';
import { givenProblems } from './given.ts';

const now = Date.UTC(2026, 10, 22);
const day = 86_400_000;
let secrets: Readonly<Record<string, string>>;

beforeAll(async () => {
  const pair = await makeAuthority('test', now);
  const issue = async (hosts: readonly string[], at: number) =>
    await (await openAuthority(pair, () => at)).forServer(hosts, 30 * day);
  const good = await issue(['shop.test', '*.many.test'], now);
  const old = await issue(['shop.test'], now - 40 * day);
  secrets = {
    ...{ cert: good.certificate, key: good.key, 'old-cert': old.certificate, 'old-key': old.key },
    nonsense: 'x',
  };
});

async function problems(cert: string, key: string, ...hosts: readonly string[]): Promise<readonly string[]> {
  const tls = { kind: 'given' as const, cert, key };
  const entry = { hosts, pathPrefix: '/', port: 80, tls, redirect: true, redirectFrom: [] };
  const { model } = release('shop', 1, [service('web', { ingress: [entry] })]);
  const at = { file: 'compose.yaml', line: 6, column: 7 };
  const found = await givenProblems({
    ...{ model, now, origins: { 'services.web.x-ballast.ingress': at } },
    value: async (name) => secrets[name],
  });
  for (const problem of found) expect(problem.at).toEqual(at);
  return found.map(({ what }) => what.replace('services.web: x-ballast.ingress: ', ''));
}

test('a certificate for its hosts, with its key, is good', async () => {
  expect(await problems('cert', 'key', 'shop.test', 'a.many.test')).toEqual([]);
});

test('one of another key is refused', async () => {
  expect(await problems('cert', 'old-key', 'shop.test')).toEqual([
    'the key in the secret old-key is not that of the certificate in the secret cert',
  ]);
});

test('one that has expired is refused', async () => {
  expect(await problems('old-cert', 'old-key', 'shop.test')).toEqual([
    'the certificate in the secret old-cert expired on 2026-11-11',
  ]);
});

test('one for other hosts is refused', async () => {
  expect(await problems('cert', 'key', 'shop.test', 'blog.test', 'b.a.many.test')).toEqual([
    'the certificate in the secret cert is for shop.test, *.many.test, not for blog.test, b.a.many.test',
  ]);
});

test('all that is wrong is told at once', async () => {
  expect(await problems('old-cert', 'key', 'blog.test')).toHaveLength(3);
  expect(await problems('nonsense', 'nonsense', 'shop.test')).toEqual([
    'the secret nonsense holds no certificate in PEM',
    'the secret nonsense holds no private key in PEM without a password',
  ]);
});
