import type { Keys } from '#spec/table/shape.ts';
import {
  choice,
  command,
  duration,
  either,
  flag,
  honoured,
  integer,
  later,
  list,
  map,
  matching,
  object,
  pairs,
  refused,
  size,
  text,
  textOrNumber,
  texts,
  textsOrOne,
} from '#spec/table/shape.ts';
import { build } from './build.ts';

const limit = object({
  soft: honoured(integer(-1), 'the limit a process begins with', { required: true, example: '1024' }),
  hard: honoured(integer(-1), 'how far a process may raise it', { required: true, example: '4096' }),
});

export const ulimits = map(either(integer(-1), limit), {
  names: /^[a-z]+$/,
  namesAre: 'the name of a limit in small letters, such as nofile',
});

const healthcheck = object({
  test: honoured(command, 'the command; text and CMD-SHELL run in /bin/sh, NONE turns the check off', {
    example: '[CMD, /app/ready]',
  }),
  interval: honoured(duration, 'time between two runs', { example: '10s', byDefault: '30s' }),
  timeout: honoured(duration, 'a run that takes longer has failed', { example: '3s', byDefault: '30s' }),
  retries: honoured(integer(1), 'failures in a row that make a replica unhealthy', {
    example: '3',
    byDefault: '3',
  }),
  start_period: honoured(duration, 'failures this soon after the start do not count', {
    example: '20s',
    byDefault: '0s',
  }),
  start_interval: honoured(
    duration,
    'most time between two runs until the first success; the first runs come sooner',
    {
      example: '1s',
      byDefault: '5s',
    },
  ),
  disable: honoured(flag, "true turns the image's own check off", { example: 'true' }),
});

const envFile = object(
  {
    path: honoured(text, 'the file, seen from the Compose file', { required: true, example: './app.env' }),
    required: honoured(flag, 'false: no matter if the file is missing', {
      example: 'false',
      byDefault: 'true',
    }),
    format: honoured(choice('raw'), 'raw: values as they stand, without quotes or variables', {
      example: 'raw',
    }),
  },
  { short: 'path' },
);

const hooks =
  'give the work to a service with restart: "no" that others wait for (depends_on: service_completed_successfully)';

/** What runs, with what environment, and how it is watched and stopped. */
export const processKeys: Keys = {
  image: honoured(text, 'pulled once by tag, then pinned by digest in the release', {
    example: 'nginx:1.29',
  }),
  build,
  command: honoured(command, "replaces the image's command; text is split into words, no shell runs", {
    example: '[serve, --port, "8080"]',
  }),
  entrypoint: honoured(command, "replaces the image's entrypoint", { example: '[/app/start]' }),
  environment: honoured(
    pairs,
    'variables of the process; a name alone takes its value from where deploy runs',
    {
      example: '{ PGHOST: db }',
    },
  ),
  env_file: honoured(
    { kind: 'list', of: envFile, orOne: true, unique: 'path' },
    'variables from files, read where deploy runs; environment wins',
    {
      example: './app.env',
    },
  ),
  working_dir: honoured(matching(/^\//, 'an absolute path'), 'the directory the process starts in', {
    example: '/app',
  }),
  user: honoured(text, 'user, or user:group, by name or number', { example: '"1000:1000"' }),
  group_add: honoured(list(textOrNumber), 'more groups of the process', { example: '[audio]' }),
  init: honoured(flag, 'a small init as process 1, which passes signals on and reaps children', {
    example: 'true',
  }),
  tty: honoured(flag, 'a terminal for the process', { example: 'true' }),
  stdin_open: honoured(flag, 'standard input stays open', { example: 'true' }),
  healthcheck: honoured(
    healthcheck,
    'a command inside the container that says whether it is healthy; rollouts wait for it',
    {
      example: '{ test: [CMD, /app/ready], interval: 10s }',
    },
  ),
  restart: honoured(
    matching(
      /^(no|always|unless-stopped|on-failure(:\d+)?)$/,
      'one of no, always, unless-stopped, on-failure, on-failure:N',
    ),
    'what happens when the process ends; no makes it a one-off',
    { example: 'on-failure:3', byDefault: 'always: a fleet service is to run' },
  ),
  stop_signal: honoured(
    matching(/^(SIG[A-Z0-9+-]+|[A-Z0-9+-]+)$/, 'the name or number of a signal'),
    'how the process is asked to end',
    { example: 'SIGINT', byDefault: "the image's, else SIGTERM" },
  ),
  stop_grace_period: honoured(duration, 'time to end before it is killed', {
    example: '30s',
    byDefault: '10s',
  }),
  pre_start: later(hooks),
  post_start: later('do it in the entrypoint of the image, before the process starts'),
  pre_stop: later('handle the stop signal in the process, within stop_grace_period'),
  labels: honoured(pairs, 'labels of every container', { example: '{ team: shop }' }),
  label_file: honoured(textsOrOne, 'labels from files of KEY=value lines; labels wins', {
    example: './labels.env',
  }),
  annotations: honoured(pairs, 'OCI annotations of every container', {
    example: '{ run.oci.keep_original_groups: "1" }',
  }),
  logging: honoured(
    object(
      {
        driver: honoured(
          {
            kind: 'choice',
            values: ['journald', 'none'],
            refused: Object.fromEntries(
              [
                'json-file',
                'local',
                'k8s-file',
                'syslog',
                'fluentd',
                'gelf',
                'awslogs',
                'splunk',
                'gcplogs',
                'passthrough',
              ].map((name) => [
                name,
                {
                  why: 'logs of every service go to journald, which keeps, rotates and forwards them on the machine',
                  instead: 'remove logging, or set driver: journald',
                },
              ]),
            ),
          },
          'journald keeps what the process prints; none drops it, and ballast logs has nothing to show',
          { example: 'journald', byDefault: 'journald' },
        ),
        options: honoured(
          object({
            tag: honoured(text, 'SYSLOG_IDENTIFIER in the journal', { example: 'web' }),
            ...Object.fromEntries(
              ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size', 'labels', 'env'].map((name) => [
                name,
                refused(
                  'it belongs to other log drivers',
                  'set limits for the journal of the machine (SystemMaxUse in journald.conf)',
                ),
              ]),
            ),
          }),
          'options of the driver',
          { example: '{ tag: web }' },
        ),
      },
      { replaceUnlessSame: 'driver' },
    ),
    'where what the process prints goes',
    { example: '{ driver: journald }' },
  ),
  attach: refused(
    'it chooses whose output docker compose up prints, and a fleet has no such terminal',
    'choose with ballast logs; keep attach in compose.override.yaml for the laptop',
  ),
  ulimits: honoured(ulimits, 'limits of the process, by name', {
    example: '{ nofile: { soft: 1024, hard: 4096 } }',
  }),
  oom_score_adj: honoured(integer(-1000, 1000), 'how readily the kernel ends it when memory is short', {
    example: '500',
  }),
  oom_kill_disable: refused(
    'the kernel offers it with cgroups version 1 only',
    'use oom_score_adj, or a memory reservation',
  ),
  shm_size: honoured(size, 'size of /dev/shm', { example: '256m', byDefault: '64m' }),
  pull_policy: honoured(
    {
      kind: 'choice',
      values: ['missing', 'if_not_present', 'always', 'build'],
      refused: Object.fromEntries(
        ['never', 'daily', 'weekly', 'refresh'].map((name) => [
          name,
          {
            why: 'a release pins every image by digest: it is looked up when you deploy and never by itself later',
            instead: 'use always (look the tag up at every deploy) or missing',
          },
        ]),
      ),
    },
    'always looks the tag up at every deploy, build builds at every deploy',
    { example: 'always', byDefault: 'missing' },
  ),
  pull_refresh_after: refused(
    'a release pins every image by digest, so that nothing changes between deploys',
    'deploy again with pull_policy: always',
  ),
  platform: honoured(
    matching(/^linux\/[a-z0-9_]+(\/v\d+)?$/, 'a Linux platform such as linux/amd64'),
    'runs only on machines of this architecture',
    { example: 'linux/amd64' },
  ),
  profiles: honoured(texts, 'the service is left out unless one of these is asked for', {
    example: '[debug]',
  }),
  extends: honoured(
    object(
      {
        service: honoured(text, 'the service to take over', { required: true, example: 'base' }),
        file: honoured(text, 'the file it stands in', { example: './common.yaml', byDefault: 'this file' }),
      },
      { short: 'service' },
    ),
    'takes over another service; what is written here is merged over it',
    { example: '{ file: ./common.yaml, service: base }' },
  ),
  develop: refused(
    'it describes work on a laptop, and a release must not depend on it',
    'move it to compose.override.yaml, which docker compose reads by itself',
  ),
  container_name: refused(
    'every replica is a container of its own on some machine; its name says app, service, slot and release',
    'remove it; other services reach this one by its service name, or by networks.NETWORK.aliases',
  ),
  models: refused(
    'Ballast runs containers only, no model runner',
    'run the model server as a service of its own',
  ),
  provider: refused(
    'it hands a service to a plugin of docker compose',
    'describe the service by image or build',
  ),
  use_api_socket: refused(
    'there is no engine socket on the machines',
    'use the API of the fleet with a token of its own',
  ),
};
