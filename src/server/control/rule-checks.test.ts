import { expect, test } from 'vitest';
import { testControl } from '#server/testing/control.ts';
import { someApp, someService } from '#server/testing/models.ts';
import type { TrafficPeer } from '#spec/traffic-model.ts';
import { applyFleet } from './fleet.ts';
import { createRelease } from './releases.ts';
import { checkRules } from './rule-checks.ts';

const at = { file: 'compose.yaml', line: 7, column: 30 };
const path = 'services.db.x-ballast.inbound.0.from.0';
const office = { name: 'office', cidrs: ['203.0.113.0/24'], machines: [], inbound: [] };

const app = (name: string, ...peers: readonly TrafficPeer[]) =>
  someApp(name, [someService('web'), someService('db', { inbound: [{ peers, ports: [] }] })]);

/** A fleet with the group office and the app shop. */
async function fleet() {
  const control = { ...(await testControl(1)), urlFor: async () => 'https://10.90.0.254:7443' };
  const model = { ...control.state.policy.fleet, securityGroups: { office } };
  await applyFleet(control, model, 'ana');
  await deploy(control, 'shop');
  return { control, model };
}

const deploy = async (control: Parameters<typeof createRelease>[0], name: string, ...peers: TrafficPeer[]) =>
  await createRelease(
    control,
    { app: name, model: app(name, ...peers), origins: { [path]: at }, note: '', secretValues: {} },
    'ana',
  );

test.each<[TrafficPeer, object]>([
  [
    { kind: 'group', group: 'ofice' },
    { code: 'undefined-group', fix: 'did you mean office?', at },
  ],
  [
    { kind: 'group', group: 'wbe' },
    { code: 'undefined-group', fix: 'did you mean web?', at },
  ],
  [
    { kind: 'service', app: 'shop', service: 'wbe' },
    { code: 'unknown-service', fix: 'did you mean web?', at },
  ],
])('a rule that names %j is refused, with its place and what may have been meant', async (peer, problem) => {
  const { control } = await fleet();
  const before = control.state.plan.number;
  await expect(deploy(control, 'guestbook', peer)).rejects.toMatchObject({
    code: 'refused',
    detail: { problems: [problem] },
  });
  expect(control.state.policy.apps['guestbook']).toBeUndefined();
  expect(control.state.plan.number).toBe(before);
});

test.each<TrafficPeer>([
  { kind: 'group', group: 'office' },
  { kind: 'group', group: 'machines' },
  { kind: 'service', app: 'shop', service: 'web' },
  { kind: 'service', service: 'web' },
  { kind: 'cidr', cidr: '198.51.100.0/24' },
  { kind: 'ingress' },
])('a rule that names %j is taken', async (peer) => {
  const { control } = await fleet();
  expect(await deploy(control, 'guestbook', peer)).toMatchObject({ changed: true });
});

test('an app that is not there yet is told of and waited for', async () => {
  const { control } = await fleet();
  const peer = { kind: 'service', app: 'shpo', service: 'web' } as const;
  const draft = { model: app('guestbook', peer), origins: { [path]: at } };
  expect(checkRules(draft, control.state.policy)).toMatchObject({
    problems: [],
    warnings: [{ code: 'unknown-app', fix: 'did you mean shop?', at }],
  });
});

test('a security group that a rule of an app names does not leave the fleet file', async () => {
  const { control, model } = await fleet();
  await deploy(control, 'guestbook', { kind: 'group', group: 'office' });
  await expect(applyFleet(control, { ...model, securityGroups: {} }, 'ana')).rejects.toMatchObject({
    detail: { problems: [{ code: 'group-in-use', why: `guestbook: ${path} (compose.yaml:7:30)` }] },
  });
});
