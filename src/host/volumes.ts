import { assert } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { canonical } from '#base/json.ts';
import type { VolumeResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { cachedBy } from './cached.ts';
import { exec, run, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';

interface Listed {
  readonly Name: string;
  readonly Driver: string;
  readonly Options?: Readonly<Record<string, string>> | null;
}

/** Named volumes of podman. Made, never changed and never deleted: `deleteVolume` does that, on request by name. */
export function createVolumes({ signal }: HostContext): Facility<VolumeResource> {
  const list = cachedBy(
    ['/var/lib/containers/storage/volumes'],
    async () => JSON.parse(await run(['podman', 'volume', 'ls', '--format', 'json'])) as readonly Listed[],
  );
  return {
    async observe(resources) {
      if (resources.length === 0) return new Map();
      const found = new Map((await list()).map((volume) => [volume.Name, volume]));
      return new Map(
        resources.flatMap(({ id, name, external, options }): [string, Observed][] => {
          const volume = found.get(name);
          if (volume === undefined) return [];
          // How an external one was made is not the app's to say.
          const seen = external ? options : (volume.Options ?? {});
          return [[id, { fields: { driver: volume.Driver, options: canonical(seen) } }]];
        }),
      );
    },
    async apply({ action, resource, before }) {
      assert(action !== 'delete', 'volumes are never deleted by converging');
      if (resource.external) {
        throw new BallastError('not-found', `the volume ${resource.name} is not on this machine`, {
          why: 'it is external, so Ballast does not make it',
          fix: `make it there (podman volume create ${resource.name}), or keep the service to machines that have it`,
        });
      }
      if (before !== null) {
        throw new BallastError(
          'conflict',
          `the volume ${resource.name} exists with another driver or options`,
          {
            why: 'changing them would mean to delete its data',
            fix: 'give it the options it has, use another name, or delete it by name first',
          },
        );
      }
      await run(createCommand(resource), { signal });
      return undefined;
    },
  };
}

const createCommand = ({ name, driver, options, labels }: VolumeResource): readonly string[] => [
  ...['podman', 'volume', 'create', '--ignore', '--driver', driver],
  ...pairs(options).flatMap((pair) => ['--opt', pair]),
  ...pairs(labels).flatMap((pair) => ['--label', pair]),
  name,
];

const pairs = (record: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(record).map(([key, value]) => `${key}=${value}`);

/** Deletes a volume and its data. One that is absent is deleted already; one in use is refused. */
export async function deleteVolume(name: string, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await exec(['podman', 'volume', 'rm', name], { signal });
  if (code === 0 || /no such volume/i.test(stderr)) return;
  if (code === 2 || /in use|being used/i.test(stderr)) {
    throw new BallastError('conflict', `the volume ${name} is in use`, {
      fix: 'remove the app that uses it first',
      log: tail(stderr),
    });
  }
  throw new BallastError('command-failed', `the volume ${name} could not be deleted`, { log: tail(stderr) });
}
