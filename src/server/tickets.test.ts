import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { FleetModel } from '#spec/fleet-model.ts';
import { applyFleet } from './control/fleet.ts';
import { removeMachine } from './control/machines.ts';
import { documentMs, makeUserData, revokeUserData } from './control/user-data.ts';
import { createExecutables } from './executables.ts';
import { makeAuthority, openAuthority } from './pki/authority.ts';
import { createRefusals } from './refusals.ts';
import type { NewEvent } from './state.ts';
import { certificateRequest } from './testing/certificate-request.ts';
import { testControl } from './testing/control.ts';
import { someFleet } from './testing/models.ts';
import { joinByTicket, mayDownload } from './tickets.ts';

const pools: FleetModel['pools'] = {
  app: { name: 'app', provider: 'local', count: 1, labels: {}, size: {} },
  web: { name: 'web', provider: 'user-data', count: 3, labels: { zone: 'b' }, size: {} },
};

async function setting() {
  const control = await testControl(1);
  await applyFleet(control, { ...someFleet, pools }, 'test');
  const authority = await openAuthority(await makeAuthority('acme', Date.now()), Date.now);
  const dir = mkdtempSync(join(tmpdir(), 'ballast-tickets-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const source = join(dir, 'ballast');
  writeFileSync(source, 'an executable');
  const executables = createExecutables(join(dir, 'executables'), source);
  const urlForStrangers = () => 'https://192.0.2.9:7443';
  const means = { by: 'ana', executables, ca: authority.certificate, urlForStrangers };
  const ask = (input: Parameters<typeof makeUserData>[1]) => makeUserData(control, input, means);
  const token = async (input: Parameters<typeof makeUserData>[1]) => tokenIn((await ask(input)).document);
  let last = 10;
  const come = async (withToken: string, csr?: string, address?: string) => {
    last += 1;
    const request = csr ?? (await certificateRequest('x')).csr;
    return await joinByTicket(control, authority, {
      token: withToken,
      csr: request,
      address: address ?? `192.0.2.${last}`,
    });
  };
  return { control, state: control.state, executables, source, ask, token, come };
}

const tokenIn = (document: string): string => /Bearer ([\w-]{43})/.exec(document)?.[1] ?? '';
const pool = 'web';

test('machines of a pool get its next names, its labels, and the address they say', async () => {
  const { state, token, come } = await setting();
  const shared = await token({ pool, machines: 2 });
  expect((await come(shared))?.machine).toBe('web-1');
  expect((await come(shared))?.machine).toBe('web-2');
  expect(state.policy.machines['web-2']).toMatchObject({
    provider: 'user-data',
    labels: { zone: 'b' },
    address: '192.0.2.12',
  });
});

test('a token for one lets in one, and says to the next why not', async () => {
  const { token, come } = await setting();
  const once = await token({ pool });
  await come(once);
  await expect(come(once)).rejects.toMatchObject({
    code: 'unauthenticated',
    detail: { why: 'it was used already, with another key' },
  });
});

test('an answer that was lost may be asked for again with the same key, and gives the same machine', async () => {
  const { token, come } = await setting();
  const shared = await token({ pool, machines: 2 });
  const { csr } = await certificateRequest('x');
  const first = await come(shared, csr);
  const second = await come(shared, csr);
  expect(second?.machine).toBe(first?.machine);
  const subject = (certificate = '') => new X509Certificate(certificate).subject;
  expect(subject(second?.certificate)).toBe(subject(first?.certificate));
});

test('a machine that was put out does not come back with its old key', async () => {
  const { control, token, come } = await setting();
  const shared = await token({ pool, machines: 3 });
  const { csr } = await certificateRequest('x');
  await come(shared, csr);
  await removeMachine(control, { machine: 'web-1', force: true }, 'ana');
  await expect(come(shared, csr)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a document is good for ten minutes, or as long as was asked for', async () => {
  const { control, token, come } = await setting();
  const [short, long] = [await token({ pool }), await token({ pool, ttlMs: documentMs * 2 })];
  control.pass(documentMs);
  await expect(come(short)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect((await come(long))?.machine).toBe('web-1');
});

test('what was given out can be made void, and lets nobody in any more', async () => {
  const { control, token, come } = await setting();
  const shared = await token({ pool, machines: 2 });
  await come(shared);
  expect(await revokeUserData(control, { pool }, 'ana')).toEqual({ revoked: 1 });
  expect(await come(shared)).toBeUndefined(); // nobody knows it any more
  expect(control.state.policy.machines['web-1']).toBeDefined();
});

test('a full pool takes nobody, and a place that is given up is taken again', async () => {
  const { control, token, come } = await setting();
  const shared = await token({ pool, machines: 9 });
  for (const _ of [1, 2, 3]) await come(shared);
  await expect(come(shared)).rejects.toMatchObject({ code: 'does-not-fit' });
  await removeMachine(control, { machine: 'web-1', force: true }, 'ana');
  expect((await come(shared))?.machine).toBe('web-1');
});

test('a token for a machine gives it that name, in a pool or in none', async () => {
  const { state, token, come } = await setting();
  expect((await come(await token({ machine: 'lone' })))?.machine).toBe('lone');
  expect((await come(await token({ machine: 'web-3' })))?.machine).toBe('web-3');
  expect(state.policy.machines['web-3']?.labels).toEqual({ zone: 'b' });
});

test.each([undefined, '127.0.0.1', 'nowhere'])('a machine at %s is refused', async (address) => {
  const { control, token } = await setting();
  const authority = await openAuthority(await makeAuthority('acme', Date.now()), Date.now);
  const { csr } = await certificateRequest('x');
  const newcomer = { token: await token({ pool }), csr, ...(address === undefined ? {} : { address }) };
  await expect(joinByTicket(control, authority, newcomer)).rejects.toMatchObject({ code: 'bad-request' });
});

test('two machines with one address are refused', async () => {
  const { token, come } = await setting();
  const shared = await token({ pool, machines: 2 });
  await come(shared, undefined, '192.0.2.77');
  await expect(come(shared, undefined, '192.0.2.77')).rejects.toMatchObject({ code: 'refused' });
});

test.each([
  ['a pool the server fills itself', { pool: 'app' }, 'refused'],
  ['a machine the server makes itself', { machine: 'app-1' }, 'refused'],
  ['a pool nobody described', { pool: 'wbe' }, 'not-found'],
  ['nobody', {}, 'bad-request'],
  ['several machines of one name', { machine: 'lone', machines: 2 }, 'bad-request'],
  ['two years', { pool, ttlMs: 2 * 366 * 86_400_000 }, 'bad-request'],
])('no document is made for %s', async (_, input, code) => {
  const { ask } = await setting();
  await expect(ask(input)).rejects.toMatchObject({ code });
});

test('a document holds no secret but its token, which is nowhere in the store', async () => {
  const { state, ask } = await setting();
  const { document } = await ask({ pool });
  const token = tokenIn(document);
  expect(document).toContain(`"token": "${token}"`);
  expect(document).not.toMatch(/PRIVATE KEY/);
  expect(JSON.stringify(await state.store.list(''))).not.toContain(token);
});

test('the executable is given to who holds a token whose document names it, also when the server has a newer one', async () => {
  const { control, state, executables, source, ask } = await setting();
  const first = await ask({ pool, ttlMs: documentMs * 2 });
  const token = tokenIn(first.document);
  const { rename, writeFile } = await import('node:fs/promises');
  await writeFile(`${source}.new`, 'a newer executable');
  await rename(`${source}.new`, source);
  const second = await ask({ pool });
  expect(second.digest).not.toBe(first.digest);
  expect(await mayDownload(state, token, first.digest)).toBe(true);
  expect(executables.place(first.digest)).toBeDefined();
  expect(await mayDownload(state, token, second.digest)).toBe(false);
  expect(await mayDownload(state, 'A'.repeat(43), first.digest)).toBe(false);
  control.pass(documentMs * 3);
  expect(await mayDownload(state, token, first.digest)).toBe(false);
  await ask({ pool });
  expect(executables.place(first.digest)).toBeUndefined();
});

test('who knocks with a refused token is told of once, and again after a while', async () => {
  const { token, come } = await setting();
  const once = await token({ pool });
  await come(once);
  const cause = await come(once).catch((error: unknown) => error);
  const events: NewEvent[] = [];
  let time = 0;
  const refused = createRefusals(
    (event) => events.push(event),
    () => time,
  );
  for (const _ of [1, 2, 3]) refused(cause, '192.0.2.66');
  expect(events.map(({ what }) => what)).toEqual([
    '192.0.2.66 asked to join, and the token is refused: it was used already, with another key',
  ]);
  time = 11 * 60_000;
  refused(cause, '192.0.2.66');
  expect(events).toHaveLength(2);
});
