import type { Keys } from '#spec/table/shape.ts';
import { honoured, list, map, matching, object, refused, text, textsOrOne } from '#spec/table/shape.ts';
import { ballast } from './ballast.ts';
import { appIs, appPattern, nameIs, namePattern } from './name.ts';
import { networkKeys, networkTable } from './network.ts';
import { processKeys } from './process.ts';
import { deploy, resourceKeys } from './resources.ts';
import { securityKeys } from './security.ts';
import { configTable, secretTable, storageKeys, volumeTable } from './storage.ts';

/** Every key of a service. */
export const serviceKeys: Keys = {
  ...processKeys,
  ...networkKeys,
  ...storageKeys,
  ...securityKeys,
  ...resourceKeys,
  deploy,
  'x-ballast': ballast,
};

const named = (of: ReturnType<typeof object>): ReturnType<typeof map> =>
  map(of, { names: namePattern, namesAre: nameIs });

const include = object(
  {
    path: honoured(textsOrOne, 'the file, or several that are merged', {
      required: true,
      example: './db/compose.yaml',
    }),
    project_directory: honoured(text, 'where its relative paths are seen from', {
      example: './db',
      byDefault: 'the directory of its first file',
    }),
    env_file: honoured(textsOrOne, 'variables for it that are not set here', {
      example: './db/.env',
      byDefault: '.env in project_directory',
    }),
  },
  { short: 'path' },
);

/** Every key at the top of a Compose file. */
export const appKeys: Keys = {
  name: honoured(matching(appPattern, appIs), 'name of the app', {
    example: 'guestbook',
    byDefault: 'the name of the directory',
  }),
  services: honoured(named(object(serviceKeys)), 'what runs', {
    required: true,
    example: '{ web: { image: nginx } }',
  }),
  networks: honoured(named(networkTable), 'networks of the app', { example: '{ back: { internal: true } }' }),
  volumes: honoured(
    named(volumeTable),
    'volumes of the app; their data is never deleted unless asked by name',
    {
      example: '{ data: {} }',
    },
  ),
  secrets: honoured(named(secretTable), 'secrets of the app', {
    example: '{ db_password: { external: true } }',
  }),
  configs: honoured(named(configTable), 'configs of the app', {
    example: '{ app_conf: { file: ./app.conf } }',
  }),
  include: honoured(list(include), 'other Compose files, each with its own directory and variables', {
    example: '[./db/compose.yaml]',
  }),
  version: honoured(text, 'has no meaning any more, in Compose as well as here', { example: '"3.8"' }),
  models: refused(
    'Ballast runs containers only, no model runner',
    'run the model server as a service of its own',
  ),
};

export const appShape = object(appKeys);
export const serviceShape = object(serviceKeys);
