import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { addMachine, removeMachine } from './control/machines.ts';
import { enrol, enrolmentMs, enrolmentsOf, holderOfCertificate, renew } from './identities.ts';
import { makeAuthority, openAuthority } from './pki/authority.ts';
import { certificateRequest } from './testing/certificate-request.ts';
import { testControl } from './testing/control.ts';

async function setting() {
  const control = await testControl(0);
  const authority = await openAuthority(await makeAuthority('acme', Date.now()), Date.now);
  const door = { ca: authority.certificate, urlFor: async () => 'https://192.0.2.9:7443' };
  const add = (name: string, address = '192.0.2.1') =>
    addMachine(control, { name, provider: 'ssh', address }, { by: 'ana', door });
  const join = async (token: string, csr?: string) =>
    enrol(control.state, authority, { token, csr: csr ?? (await certificateRequest('x')).csr });
  return { control, state: control.state, authority, add, join };
}

const subjectOf = (certificate: string) => {
  const { CN, OU } = new X509Certificate(certificate).toLegacyObject().subject as unknown as Record<
    string,
    string
  >;
  return { commonName: CN ?? '', unit: OU ?? '' };
};

test('a token lets its own machine in, whatever name the request asks for', async () => {
  const { state, add, join } = await setting();
  const { token } = await add('m-1');
  const { machine, certificate } = await join(token);
  expect(machine).toBe('m-1');
  expect(await holderOfCertificate(state, subjectOf(certificate))).toEqual({ kind: 'agent', machine: 'm-1' });
});

test('a token is for one key: a replay with another is refused', async () => {
  const { add, join } = await setting();
  const { token } = await add('m-1');
  await join(token);
  await expect(join(token)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('an answer that was lost may be asked for again with the same key, until the machine connects', async () => {
  const { state, add, join } = await setting();
  const { token } = await add('m-1');
  const { csr } = await certificateRequest('x');
  const first = await join(token, csr);
  const second = await join(token, csr);
  expect(subjectOf(second.certificate)).toEqual(subjectOf(first.certificate));
  await state.commit({ set: await enrolmentsOf(state, 'm-1') }); // what its connecting does
  await expect(join(token, csr)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a token is good for ten minutes', async () => {
  const { control, add, join } = await setting();
  const { token } = await add('m-1');
  control.pass(enrolmentMs);
  await expect(join(token)).rejects.toMatchObject({ detail: { why: 'it is older than ten minutes' } });
});

test('a new token for a machine makes the one before void', async () => {
  const { add, join } = await setting();
  const first = await add('m-1');
  const second = await add('m-1');
  await expect(join(first.token)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect((await join(second.token)).machine).toBe('m-1');
});

test.each(['', 'x', 'A'.repeat(43)])('the token %j nobody gave out is refused', async (token) => {
  const { join } = await setting();
  await expect(join(token)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('tokens are not in the store, only what is made of them', async () => {
  const { state, add } = await setting();
  const { token } = await add('m-1');
  expect(JSON.stringify(await state.store.list(''))).not.toContain(token);
});

test('a machine that was removed is refused for ever, with its certificate and with its token', async () => {
  const { control, state, authority, add, join } = await setting();
  const first = await add('m-1');
  const { certificate } = await join(first.token);
  const unused = await add('m-2', '192.0.2.2');
  await removeMachine(control, { machine: 'm-1', force: true }, 'ana');
  await removeMachine(control, { machine: 'm-2' }, 'ana');
  await expect(join(unused.token)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(await holderOfCertificate(state, subjectOf(certificate))).toBeUndefined();
  const { csr } = await certificateRequest('x');
  await expect(renew(state, authority, 'm-1', csr)).rejects.toMatchObject({ code: 'forbidden' });
  const again = await add('m-1');
  await join(again.token);
  expect(await holderOfCertificate(state, subjectOf(certificate))).toBeUndefined();
});

test('a machine that has joined is not let in twice', async () => {
  const { add, join } = await setting();
  await join((await add('m-1')).token);
  await expect(add('m-1')).rejects.toMatchObject({ code: 'refused' });
  await expect(add('m-3')).rejects.toMatchObject({ message: '192.0.2.1 is the address of m-1' });
});

test('a machine’s number is never given twice', async () => {
  const { control, state, add } = await setting();
  await add('m-1');
  await add('m-2', '192.0.2.2');
  await removeMachine(control, { machine: 'm-2' }, 'ana');
  await add('m-3', '192.0.2.3');
  expect(state.policy.machines['m-3']?.index).toBe(3);
});
