import { deploy, oneService, type Row } from './row.ts';

const probe = (start: string): string =>
  `x-ballast: { health: { path: /healthz, port: 8080, interval: 1s, retries: 2, start_period: ${start} } }`;

/** Long enough for a program that fails at once to have begun, however busy the machine is. */
const patient = 'deploy: { update_config: { monitor: 5s } }';

/** Containers that do not run as they should: a first release is taken back, and its last words are shown. */
export const containerRows: readonly Row[] = [
  deploy('a container that exits at once', oneService('oops', 'environment: { EXIT: "4" }', patient), {
    exit: 3,
    says: [
      /release \d+ of oops failed after .*; no release of it ran before, so nothing of it runs now/,
      /service web: oops-web-1-r\d+ on app-\d exited with code 4, started 4 times in all/,
      'cannot go on: the configuration names no such thing',
      'then deploy again',
    ],
  }),
  deploy(
    'a container that needs more memory than it may',
    oneService('oops', 'environment: { EAT: "200" }', 'mem_limit: 64M', patient),
    {
      exit: 3,
      says: ['used more memory than its limit of 64 MiB and was killed', 'exit code 137', 'raise its limit'],
    },
  ),
  deploy('an entrypoint that the image does not have', oneService('oops', 'entrypoint: [/no/such/program]'), {
    exit: 3,
    says: ['exited with code 127', 'executable file `/no/such/program` not found'],
  }),
  deploy(
    'a container that never gets healthy',
    oneService('oops', 'environment: { HEALTHY_AFTER: "10000" }', probe('0s')),
    {
      exit: 3,
      says: [
        'is unhealthy: GET http',
        '503 Service Unavailable',
        'listening on 8080',
        'nothing of it runs now',
      ],
    },
  ),
  deploy(
    'a container whose own health check fails',
    oneService(
      'oops',
      'healthcheck: { test: ["CMD-SHELL", "echo asking; echo no such table >&2; exit 3"], interval: 1s, retries: 2, start_period: 0s }',
    ),
    {
      exit: 3,
      says: ['is unhealthy: its health check ended with exit code 3: no such table', 'health check: asking'],
    },
  ),
  deploy(
    'a container that is not healthy when patience ends',
    oneService('oops', 'environment: { HEALTHY_AFTER: "10000" }', probe('60s')),
    {
      words: ['deploy', '--timeout', '6s'],
      exit: 4,
      says: [
        'oops is not healthy after 6.0 s',
        'is not healthy yet: GET http',
        'listening on 8080',
        'the rollout goes on by itself',
        'ballast rollback -a oops',
      ],
    },
  ),
];
