import { describe, expect, test } from 'vitest';
import { testControl } from '#server/testing/control.ts';
import { someApp, someDigest, someService } from '#server/testing/models.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import { applyFleet } from './fleet.ts';
import { createRelease } from './releases.ts';

const at = { file: '/home/ana/prod.yaml', line: 6, column: 3 };
const origins = { fleet: at, registry: at, 'registry.machine': at };

/** Two machines, the registry on the first, and an app of this image. */
async function fleet(image = `registry.internal:5000/web@sha256:${someDigest('a')}`) {
  const control = await testControl(2);
  const model = someApp('shop', [someService('web', { image })]);
  const input = { app: 'shop', model, origins: {}, note: 'deploy', secretValues: {} };
  await createRelease(control, input, 'ana');
  await control.rest();
  const { policy } = control.state;
  const apply = async (change: Partial<FleetModel>, ...force: readonly string[]) => {
    await applyFleet(control, { ...policy.fleet, ...change }, 'ana', { origins, force });
    return control.state.policy.fleet;
  };
  return apply;
}

const moved = { registry: { machine: 'app-2' } };

describe('a registry that moves', () => {
  test('is refused with its place, what is lost and how to have it so', async () => {
    const apply = await fleet();
    await expect(apply(moved)).rejects.toMatchObject({
      code: 'refused',
      detail: {
        problems: [
          {
            code: 'runs-registry',
            what: 'the registry would move from app-1 to app-2 without the images of shop',
            fix: expect.stringContaining('`ballast deploy -f /home/ana/prod.yaml --force app-1`'),
            at,
          },
        ],
      },
    });
  });

  test('is taken when its machine is named, but not when another one is', async () => {
    const apply = await fleet();
    await expect(apply(moved, 'app-2')).rejects.toMatchObject({ code: 'refused' });
    expect(await apply(moved, 'app-1')).toMatchObject(moved);
    await expect(apply({ registry: {} })).rejects.toMatchObject({ code: 'refused' });
  });

  test('is nothing where no image is in it, or where it is named and stays', async () => {
    expect(await (await fleet(`docker.io/library/nginx@sha256:${someDigest('b')}`))(moved)).toMatchObject(
      moved,
    );
    const stays = { registry: { machine: 'app-1' } };
    expect(await (await fleet())(stays)).toMatchObject(stays);
  });
});

test('a file of another fleet is refused with its place, unless this one is named', async () => {
  const apply = await fleet();
  await expect(apply({ name: 'other' })).rejects.toMatchObject({
    code: 'refused',
    detail: {
      problems: [
        { code: 'renames-fleet', what: 'the file is of the fleet other, and this is the fleet acme', at },
      ],
    },
  });
  await expect(apply({ name: 'other' }, 'other')).rejects.toMatchObject({ code: 'refused' });
  expect(await apply({ name: 'other' }, 'acme')).toMatchObject({ name: 'other' });
});
