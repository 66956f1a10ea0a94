import { expect, test } from 'vitest';
import { clockSkew, clockWords, isDateFailure } from '#agent/wrong-clock.ts';
import { enrolmentFor } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { startTestServer } from '#server/testing/test-server.ts';
import { createClient } from '#wire/client.ts';

const day = 24 * 3_600_000;
const never = new AbortController().signal;

test('a machine whose clock is a day behind learns it, and so do people, before it can join', async () => {
  await using server = await startTestServer({ now: () => Date.now() + day });
  const { state } = server.server;
  const token = enrolmentFor('app-9', state.now());
  const record = {
    name: 'app-9',
    provider: 'ssh',
    index: 9,
    address: '192.0.2.9',
    labels: {},
    schedulable: true,
  };
  await state.commit({ set: { ...token.set, [keys.machine('app-9')]: record } });
  const { ca } = server.admin;
  const connection = { server: server.url, ca, token: token.token };
  const failed = await createClient({ server: server.url, ca })
    .call('enrol', { token: token.token, csr: 'x' })
    .then(
      () => undefined,
      (cause: unknown) => cause,
    );
  expect(isDateFailure(failed)).toBe(true);
  const skew = await clockSkew(connection, never);
  expect(clockWords(skew)).toMatch(
    /^the clock of this machine is (1 d 0 h|24 h 0 m|23 h 59 m) behind the server's, so that the server's certificate is not valid yet/,
  );
  const [told] = state.events.after(0).filter(({ kind }) => kind === 'machine-clock');
  expect(told?.what).toMatch(/^app-9 cannot join: its clock is .* behind$/);
  await expect(clockSkew({ ...connection, token: 'made up' }, never)).rejects.toThrow(
    'does not say what time it is',
  );
});
