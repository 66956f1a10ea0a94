import { expect, test } from 'vitest';
import { testControl } from '#server/testing/control.ts';
import { replicas, someApp, someService } from '#server/testing/models.ts';
import { tryOut } from './fits.ts';
import { withRelease } from './releases.ts';

/** What is said of an app that the fleet has no room for, in a fleet that is as told. */
async function said(services: number, copies: number, network: { readonly services?: string }) {
  const control = await testControl();
  const names = Array.from({ length: services }, (_, n) => `s${n}`);
  const model = someApp(
    'shop',
    names.map((name) => replicas(someService(name), copies)),
  );
  const about = { origins: {}, secrets: {}, at: 0, by: 'ana', note: 'deploy' };
  const release = { app: 'shop', number: 1, model, ...about };
  const policy = withRelease(control.state.policy, release);
  const fleet = { ...policy.fleet, network: { ...policy.fleet.network, ...network } };
  return tryOut(control, { ...policy, fleet }, release).problems;
}

test('a range of virtual addresses that is used up is named, and what frees it', async () => {
  expect(await said(3, 1, { services: '10.92.0.0/30' })).toMatchObject([
    {
      code: 'does-not-fit',
      what: expect.stringContaining('no virtual address is free in network.services 10.92.0.0/30') as unknown,
      fix: expect.stringContaining('ballast rm') as unknown,
    },
  ]);
});

test('machines that have no container address left are named, and what helps', async () => {
  const [problem] = await said(1, 4 * 241, {});
  expect(problem?.what).toMatch(/all 241 container addresses are taken/);
  expect(problem?.fix).toContain('add a machine: each has addresses of its own');
});
