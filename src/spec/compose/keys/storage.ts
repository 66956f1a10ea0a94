import type { Keys } from '#spec/table/shape.ts';
import {
  choice,
  either,
  flag,
  honoured,
  later,
  map,
  matching,
  object,
  pairs,
  refused,
  size,
  text,
  textOrNumber,
  textsOrOne,
} from '#spec/table/shape.ts';
import { nameIs, namePattern } from './name.ts';

const mount = object({
  type: honoured(
    {
      kind: 'choice',
      values: ['volume', 'bind', 'tmpfs'],
      refused: {
        image: { why: 'not supported yet', instead: 'copy the files in a build: COPY --from=IMAGE' },
        cluster: { why: 'it is for cluster volumes of Swarm', instead: 'use type: volume' },
        npipe: { why: 'it is for Windows', instead: 'use type: bind' },
      },
    },
    'what is mounted',
    { required: true, example: 'volume' },
  ),
  source: honoured(text, 'name of a volume, or for bind an absolute path on the machine', {
    example: 'data',
  }),
  target: honoured(text, 'absolute path inside the container', { required: true, example: '/var/lib/data' }),
  read_only: honoured(flag, 'no writing', { example: 'true' }),
  consistency: refused('it is for Docker on a Mac', 'remove it'),
  bind: honoured(
    object({
      propagation: honoured(
        choice('private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'),
        'whether mounts below pass',
        {
          example: 'rslave',
          byDefault: 'rprivate',
        },
      ),
      create_host_path: honoured(flag, 'make the directory on the machine when it is missing', {
        example: 'false',
        byDefault: 'true',
      }),
      recursive: honoured(
        {
          kind: 'choice',
          values: ['enabled'],
          refused: Object.fromEntries(
            ['disabled', 'writable', 'readonly'].map((name) => [
              name,
              {
                why: 'podman binds what is mounted below too',
                instead: 'bind the directories you need one by one',
              },
            ]),
          ),
        },
        'what is mounted below comes along',
        { example: 'enabled' },
      ),
      selinux: honoured(choice('z', 'Z'), 'relabel the files: z shared, Z private', { example: 'z' }),
    }),
    'for type bind',
    { example: '{ create_host_path: false }' },
  ),
  volume: honoured(
    object({
      nocopy: honoured(flag, "do not fill a new volume with the image's files", { example: 'true' }),
      subpath: honoured(text, 'mount this directory of the volume', { example: 'uploads' }),
      labels: refused('labels belong to the volume', 'write them in the top-level volumes'),
    }),
    'for type volume',
    { example: '{ subpath: uploads }' },
  ),
  tmpfs: honoured(
    object({
      size: honoured(size, 'the most it may hold', { example: '64m' }),
      mode: honoured(textOrNumber, 'permissions, in octal', { example: '"1777"' }),
    }),
    'for type tmpfs',
    { example: '{ size: 64m }' },
  ),
  image: later('copy the files in a build: COPY --from=IMAGE'),
});

const fileMode = matching(/^0?[0-7]{1,4}$/, 'permissions in octal, such as 0440');

const grant = (where: string): ReturnType<typeof object> =>
  object(
    {
      source: honoured(text, 'its key at the top level', { required: true, example: 'db_password' }),
      target: honoured(text, `the file; a relative name is below ${where}`, { example: `${where}password` }),
      uid: honoured(textOrNumber, 'owner, as a number', { example: '"1000"', byDefault: '"0"' }),
      gid: honoured(textOrNumber, 'group, as a number', { example: '"1000"', byDefault: '"0"' }),
      mode: honoured({ ...fileMode, orNumber: true }, 'permissions, in octal', {
        example: '0400',
        byDefault: '0444',
      }),
    },
    { short: 'source' },
  );

/** Files and directories a service sees. */
export const storageKeys: Keys = {
  volumes: honoured(
    { kind: 'list', of: either(text, mount), unique: 'mount' },
    'volumes, directories of the machine and tmpfs',
    {
      example: '["data:/var/lib/data"]',
    },
  ),
  tmpfs: honoured(textsOrOne, 'directories in memory, with options after a colon', {
    example: '["/run:size=64m"]',
  }),
  secrets: honoured(
    { kind: 'list', of: grant('/run/secrets/'), unique: 'secret' },
    'secrets as files, in memory only',
    {
      example: '[db_password]',
    },
  ),
  configs: honoured({ kind: 'list', of: grant('/'), unique: 'config' }, 'configs as files', {
    example: '[{ source: app_conf, target: /etc/app.conf }]',
  }),
  volumes_from: refused(
    'containers of one service may be on other machines',
    'name the volume in both services',
  ),
  storage_opt: refused('it depends on the storage driver of a machine', 'use a volume with a size, or tmpfs'),
};

const external = honoured(
  either(flag, object({ name: honoured(text, 'an old way to write name', { example: 'shared' }) })),
  'it is there already',
  { example: 'true' },
);

/** `on_loss`, below a service or a volume. */
export const onLoss = honoured(
  choice('wait', 'recreate', 'restore'),
  'when the machine with the data is lost: wait for it, recreate (begin empty elsewhere), or restore (waits too: there are no backups yet)',
  { example: 'wait', byDefault: 'wait' },
);

/** Below the top-level key volumes. */
export const volumeTable = object(
  {
    name: honoured(matching(namePattern, nameIs), 'name on the machine', {
      example: 'shop_data',
      byDefault: 'APP_KEY',
    }),
    external,
    driver: honoured(matching(/^local$/, 'local, the one driver there is'), 'data lives on the machine', {
      example: 'local',
    }),
    driver_opts: honoured(map(textOrNumber), 'options of mount(8) for driver local: type, device, o', {
      example: '{ type: nfs, device: ":/export", o: "addr=192.0.2.20" }',
    }),
    labels: honoured(pairs, 'labels of the volume', { example: '{ team: shop }' }),
    'x-ballast': honoured(object({ on_loss: onLoss }), 'what Compose has no word for', {
      example: '{ on_loss: recreate }',
    }),
  },
  { orNothing: true },
);

const plugin = refused('drivers are plugins of Docker', 'use external: true and ballast secret set');

/** Below the top-level key secrets. */
export const secretTable = object({
  name: honoured(matching(namePattern, nameIs), 'name in the fleet', {
    example: 'shop_db_password',
    byDefault: 'KEY when external, else APP_KEY',
  }),
  external: { ...external, means: 'kept by the fleet: ballast secret set NAME' },
  file: honoured(text, 'read where deploy runs', { example: './db_password.txt' }),
  environment: honoured(text, 'variable read where deploy runs', { example: 'DB_PASSWORD' }),
  labels: refused('secrets of the fleet have no labels', 'remove it'),
  driver: plugin,
  driver_opts: plugin,
  template_driver: plugin,
});

/** Below the top-level key configs. */
export const configTable = object({
  name: honoured(text, 'name for people', { example: 'app_conf', byDefault: 'APP_KEY' }),
  content: honoured(text, 'the text itself, variables put in', { example: '"listen = 8080"' }),
  file: honoured(text, 'read where deploy runs', { example: './app.conf' }),
  environment: honoured(text, 'variable read where deploy runs', { example: 'APP_CONF' }),
  external: refused(
    'a config is part of the release, so that a rollback brings it back',
    'use content, file or environment',
  ),
  labels: refused('configs of a release have no labels', 'remove it'),
  template_driver: refused('templates are a plugin of Docker', 'use content with variables'),
});
