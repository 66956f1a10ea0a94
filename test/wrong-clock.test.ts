import { expect, test, vi } from 'vitest';
import { clockSkew, clockWords, isDateFailure } from '#agent/wrong-clock.ts';
import { createClocks } from '#server/clocks.ts';
import { enrolmentFor } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { joinFleet } from '#server/testing/test-agent.ts';
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
  await vi.waitFor(() => {
    const [told] = state.events.after(0).filter(({ kind }) => kind === 'machine-clock');
    expect(told?.what).toMatch(/^app-9 cannot join: its clock is .* behind$/);
  });
  await expect(clockSkew({ ...connection, token: 'made up' }, never)).rejects.toThrow(
    'does not say what time it is',
  );
});

test('a machine that has joined is believed by its certificate when its clock keeps it away', async () => {
  let laterMs = 0;
  await using server = await startTestServer({ now: () => Date.now() + laterMs });
  const { state } = server.server;
  const name = 'app-9';
  const record = { name, provider: 'ssh', index: 9, address: '192.0.2.9', labels: {}, schedulable: true };
  const { set, ...enrolment } = enrolmentFor(name, state.now());
  await state.commit({ set: { ...set, [keys.machine(name)]: record } });
  const joined = await joinFleet({ machine: name, server: server.url, ca: server.admin.ca, ...enrolment });
  laterMs = 2 * 3_600_000;
  await expect(clockSkew(joined, never)).resolves.toBeLessThan(-7_000_000);
  await vi.waitFor(() => {
    const [told] = state.events.after(0).filter(({ kind }) => kind === 'machine-clock');
    expect(told?.what).toMatch(/^app-9 cannot connect: its clock is .* behind$/);
  });
});

test('a machine that is connected with a wrong clock is told of when it begins and when it ends', async () => {
  await using server = await startTestServer({});
  const { state } = server.server;
  const told: string[] = [];
  const clocks = createClocks(state, ({ what }) => told.push(what));
  for (const offMs of [1_000, day, day + 5_000, -2_000, 0]) clocks.saw('app-1', state.now() + offMs);
  expect(told).toEqual([
    expect.stringMatching(/^app-1: its clock is (1 d 0 h|24 h 0 m) ahead$/),
    'app-1: its clock is right again',
  ]);
  clocks.saw('app-1', state.now() - day);
  expect(clocks.conditionOf('app-1')).toMatchObject({ kind: 'wrong-clock' });
});
