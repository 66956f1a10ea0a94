import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Fixtures } from '#compile/fixtures.ts';
import { holderOfToken } from '#server/identities.ts';
import { createSshKeygen, type SshKeygen } from '#server/pki/ssh-keygen.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { someFacts } from '#server/testing/test-agent.ts';
import { type AccessDesk, createAccessDesk } from './desk.ts';

let folder: string;
let control: TestControl;
let desk: AccessDesk;
let keygen: SshKeygen;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-desk-'));
  control = await testControl(2);
  keygen = createSshKeygen(join(folder, 'keys'));
  const { state, secrets } = control;
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  desk = createAccessDesk({ state, secrets, log, folder: join(folder, 'signing'), linkOf: () => 'bl-test' });
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const fixtures: Fixtures = { ca: 'PEM', registry: null };
const rule = { machines: ['app-*'], as: 'deploy', sudo: [], ttlMs: 3_600_000, from: [] };
const key = async (): Promise<string> => (await keygen.makeKey('test')).publicKey;
const events = (kind: string) => control.state.events.after(0).filter((event) => event.kind === kind);

it('adds nothing to manifests until people speak of access', async () => {
  expect(await desk.complete(fixtures)).toBe(fixtures);
  await desk.grant({ who: 'ana', rule }, 'admin');
  const complete = await desk.complete(fixtures);
  expect(complete.ssh?.userAuthority).toMatch(/^ssh-ed25519 /);
  expect(await desk.complete(fixtures)).toBe(complete);
});

it('issues what rules allow, and notes it before it is handed out', async () => {
  await desk.grant({ who: 'ana', rule }, 'admin');
  await desk.grant(
    { who: 'ana', rule: { ...rule, machines: ['app-2'], as: 'root', ttlMs: 60_000 } },
    'admin',
  );
  const all = await desk.issue({ publicKey: await key() }, 'ana');
  expect(all).toMatchObject({ serial: 1, who: 'ana', principals: ['ana/deploy', 'ana/root'] });
  expect(all.expiresAt - control.state.now()).toBe(60_000);
  expect(all.machines.map(({ name, accounts }) => [name, accounts])).toEqual([
    ['app-1', ['deploy']],
    ['app-2', ['deploy', 'root']],
  ]);
  const one = await desk.issue({ publicKey: await key(), machine: 'app-1', ttlMs: 5_000 }, 'ana');
  expect(one).toMatchObject({ serial: 2, principals: ['ana/deploy@app-1'] });
  expect(events('certificate-issued').map(({ subject, by }) => [subject, by])).toEqual([
    ['ana', 'ana'],
    ['ana', 'ana'],
  ]);
  expect(readdirSync(join(folder, 'signing'))).toEqual([]);
});

it.each([
  [{}, 'ben', 'forbidden', 'ben has no access to any machine'],
  [{ who: 'a b' }, 'admin', 'bad-request', '"a b" is no name of a person'],
  [{ machine: 'web-1' }, 'ana', 'not-found', 'there is no machine web-1'],
  [{ machine: 'app-2' }, 'ana', 'forbidden', 'ana has no access to app-2'],
  [{ as: 'root' }, 'ana', 'forbidden', 'ana may not be root'],
  [
    { publicKey: 'ssh-rsa AAAA' },
    'ana',
    'bad-request',
    'this is no public key that a certificate can be made for',
  ],
])('refuses %j of %s', async (input, by, code, message) => {
  await desk.grant({ who: 'ana', rule: { ...rule, machines: ['app-1'] } }, 'admin');
  await expect(desk.issue({ publicKey: await key(), ...input }, by)).rejects.toMatchObject({ code, message });
});

it('refuses what is revoked by its key, until it would have expired', async () => {
  await desk.grant({ who: 'ana', rule }, 'admin');
  const lost = await key();
  await desk.issue({ publicKey: lost }, 'ana');
  await desk.issue({ publicKey: await key() }, 'ana');
  expect(await desk.revoke({ serial: 1 }, 'admin')).toMatchObject({ certificates: [1], grants: [] });
  const { ssh } = await desk.complete(fixtures);
  expect(ssh?.revoked).toContain(`# certificate 1 of ana\n${lost.split(' ').slice(0, 2).join(' ')}\n`);
  expect(ssh?.revoked).not.toContain('certificate 2');
  await expect(desk.issue({ publicKey: lost }, 'ana')).rejects.toMatchObject({ code: 'forbidden' });
  control.pass(rule.ttlMs + 1);
  await expect(desk.revoke({ serial: 2 }, 'admin')).rejects.toMatchObject({ code: 'not-found' });
  await desk.grant({ who: 'ben', rule }, 'admin');
  expect((await desk.complete(fixtures)).ssh?.revoked).not.toContain('certificate 1');
});

it('takes all of a person, and gives it back only on purpose', async () => {
  const { state } = control;
  await state.commit({
    set: { 'policy/fleet': { ...state.policy.fleet, access: [{ ...rule, who: 'ana' }] } },
  });
  await desk.grant({ who: 'ana', rule: { ...rule, as: 'ops' } }, 'admin');
  const { token } = await desk.invite({ who: 'ana' }, 'admin');
  expect(await holderOfToken(state, token)).toEqual({ kind: 'guest', name: 'ana' });
  await desk.issue({ publicKey: await key() }, 'ana');
  expect(await desk.revoke({ who: 'ana' }, 'admin')).toMatchObject({
    grants: ['g1'],
    certificates: [1],
    suspended: true,
  });
  expect(await holderOfToken(state, token)).toBeUndefined();
  await expect(desk.issue({ publicKey: await key() }, 'ana')).rejects.toMatchObject({
    message: 'the access of ana was revoked',
  });
  expect((await desk.view()).rules.map(({ suspended }) => suspended)).toEqual([true]);
  expect(await desk.grant({ who: 'ana' }, 'admin')).toMatchObject({ changed: true });
  expect(await desk.issue({ publicKey: await key() }, 'ana')).toMatchObject({ principals: ['ana/deploy'] });
  await expect(desk.grant({ who: 'ana' }, 'admin')).rejects.toMatchObject({ code: 'bad-request' });
});

it('grants once, and never against another rule', async () => {
  expect(await desk.grant({ who: 'ana', rule }, 'admin')).toMatchObject({ grant: 'g1', changed: true });
  expect(await desk.grant({ who: 'ana', rule }, 'admin')).toMatchObject({ grant: 'g1', changed: false });
  await expect(desk.grant({ who: 'ben', rule: { ...rule, sudo: ['ALL'] } }, 'admin')).rejects.toMatchObject({
    detail: { problems: [{ code: 'conflict' }] },
  });
  await desk.revoke({ grant: 'g1' }, 'admin');
  expect(await desk.grant({ who: 'ana', rule }, 'admin')).toMatchObject({ grant: 'g2', changed: true });
});

it('lets an invitation end by itself', async () => {
  await desk.grant({ who: 'ana', rule }, 'admin');
  const { token } = await desk.invite({ who: 'ana', ttlMs: 60_000 }, 'admin');
  control.pass(60_001);
  expect(await holderOfToken(control.state, token)).toBeUndefined();
  await expect(desk.invite({ who: 'ben' }, 'admin')).rejects.toMatchObject({ code: 'forbidden' });
});

it('certifies the host keys that machines report, once, and again when they change', async () => {
  await desk.grant({ who: 'ana', rule }, 'admin');
  const report = (hostKeys: readonly string[]) => {
    const inventory = control.inventory();
    const one = inventory.machines['app-1'];
    if (one === undefined) throw new Error('no report');
    return { machines: { 'app-1': { ...one, facts: { ...someFacts, hostKeys } } } };
  };
  const first = (await key()).split(' ').slice(0, 2).join(' ');
  await desk.certifyHosts(report([first, 'ssh-rsa not-a-key']));
  const made = (await desk.complete(fixtures)).ssh?.hostCertificates['app-1'];
  expect(made).toMatchObject([
    { name: 'ed25519', certificate: expect.stringMatching(/^ssh-ed25519-cert/) as string },
  ]);
  await desk.certifyHosts(report([first]));
  expect(events('host-certificate')).toHaveLength(1);
  await desk.certifyHosts(report([(await key()).split(' ').slice(0, 2).join(' ')]));
  expect(events('host-certificate')).toHaveLength(2);
});

it('closes an administrator’s account only after somebody came in to it by certificate', async () => {
  await desk.grant({ who: 'ana', rule: { ...rule, as: 'root' } }, 'admin');
  const login = (detail: Record<string, string>) => ({ kind: 'login', machine: 'app-1', what: '', detail });
  desk.heard(login({ account: 'root', method: 'publickey' }));
  desk.heard(login({ account: 'deploy', serial: '1' }));
  desk.heard(login({ account: 'root', serial: '1' }));
  await expect.poll(() => control.state.policy.access?.proven).toEqual({ 'app-1': ['root'] });
});
