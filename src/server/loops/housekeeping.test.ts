import { expect, test } from 'vitest';
import type { AgentStream, StreamRequest } from '#server/agent-stream.ts';
import { removeApp } from '#server/control/apps.ts';
import { createRelease } from '#server/control/releases.ts';
import type { Hub } from '#server/hub.ts';
import { silentLog } from '#server/log.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { someApp, someService } from '#server/testing/models.ts';
import { createHousekeeping } from './housekeeping.ts';

const mount = { kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false } as const;
const shop = someApp('shop', [someService('db', { mounts: [mount] })], {
  volumes: { data: { name: 'shop_data', external: false, driver: 'local', driverOpts: {}, labels: {} } },
});

function deploy(control: TestControl) {
  return createRelease(control, { app: 'shop', model: shop, origins: {}, note: '', secretValues: {} }, 'ana');
}

/** Machines that delete what they are told, or say why not. */
function fakeHub(control: TestControl, asked: [string, StreamRequest][], error?: string): Hub {
  const messages = async function* () {
    yield {
      kind: 'end' as const,
      stream: 1,
      code: error === undefined ? 0 : 1,
      ...(error === undefined ? {} : { error }),
    };
  };
  return {
    get inventory() {
      return control.inventory();
    },
    open: (machine: string, request: StreamRequest): AgentStream => {
      asked.push([machine, request]);
      return { messages: messages(), send: async () => {}, cancel: () => {} };
    },
  } as unknown as Hub;
}

async function removed(volumes: readonly string[], error?: string) {
  const control = await testControl(2);
  await deploy(control);
  await control.rest();
  await removeApp(control, { app: 'shop', volumes }, 'ana');
  const asked: [string, StreamRequest][] = [];
  const { state, secrets } = control;
  const housekeeping = createHousekeeping(state, {
    hub: fakeHub(control, asked, error),
    secrets,
    log: silentLog,
  });
  const tidy = async () => {
    for (let i = 0; i < 4; i += 1) {
      await housekeeping.tidy();
      await new Promise((resolve) => setImmediate(resolve));
      await control.rest();
    }
  };
  return { control, asked, tidy };
}

test('an app that is gone leaves no release behind, but its volume and its number stay', async () => {
  const { control, asked, tidy } = await removed([]);
  await tidy();
  expect(control.state.policy.apps).toEqual({});
  expect((await control.state.store.list('policy/release/')).entries).toEqual([]);
  expect(control.state.plan.volumes).toEqual({ 'shop/data': 'app-1' });
  expect(asked).toEqual([]);
  expect(await deploy(control)).toMatchObject({ release: 2 });
});

test('a volume is deleted by name only, after the app has left, and its place is forgotten', async () => {
  const { control, asked, tidy } = await removed(['data']);
  await tidy();
  expect(asked).toEqual([['app-1', { kind: 'delete-volume', volume: 'shop_data' }]]);
  expect(control.state.plan.volumes).toEqual({});
  expect(control.state.policy.droppedVolumes).toBeUndefined();
  expect(control.state.events.after(0).map((event) => event.kind)).toContain('volume-deleted');
});

test('a volume that cannot be deleted is kept and told of', async () => {
  const { control, tidy } = await removed(['shop_data'], 'volume is in use');
  await tidy();
  expect(control.state.plan.volumes).toEqual({ 'shop/data': 'app-1' });
  expect(control.state.events.after(0).find((event) => event.kind === 'volume-kept')?.what).toMatch(
    /volume is in use/,
  );
});

test('an app that comes back before its volume went keeps it', async () => {
  const { control, asked, tidy } = await removed(['data']);
  await control.rest();
  await deploy(control);
  await tidy();
  expect(asked).toEqual([]);
  expect(control.state.plan.volumes).toEqual({ 'shop/data': 'app-1' });
});

test('a volume’s machine that is away is asked when it is back', async () => {
  const { control, asked, tidy } = await removed(['data']);
  control.offline.add('app-1');
  await tidy();
  expect(asked).toEqual([]);
  control.offline.clear();
  await tidy();
  expect(asked).toHaveLength(1);
});

test('a volume nobody has cannot be deleted', async () => {
  const control = await testControl(1);
  await deploy(control);
  await control.rest();
  await expect(removeApp(control, { app: 'shop', volumes: ['dta', 'data'] }, 'ana')).rejects.toMatchObject({
    detail: { fix: 'did you mean data?' },
  });
  expect(control.state.policy.apps['shop']?.wanted).toBe(1);
});
