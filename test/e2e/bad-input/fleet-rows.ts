import { deploy, oneService, type Row } from './row.ts';

/** Files that are right in themselves and do not suit the fleet: refused before anything is built. */
export const fleetRows: readonly Row[] = [
  deploy('ports that are taken', oneService('oops', 'ports: ["8081:80", "22:22", "53:53/udp"]'), {
    exit: 1,
    says: [
      'oops cannot be deployed like this; nothing was changed',
      'compose.yaml:5:13: port 8081/tcp of service web is taken by service web of app keep',
      'publish another port, for example "8082:80"',
      'port 22/tcp of service web is taken by the machines’ own ssh',
      'port 53/udp of service web is taken by the machines’ own name service',
    ],
  }),
  deploy(
    'a subnet that the fleet has for something else',
    `${oneService('oops', 'networks: { front: { ipv4_address: 10.91.7.9 } }')}networks: { front: { ipam: { config: [{ subnet: 10.91.7.0/24 }] } } }\n`,
    {
      exit: 1,
      says: [
        /compose.yaml:7:\d+: networks.front: the subnet 10.91.7.0\/24 overlaps with network.containers 10.91.0.0\/16/,
        'choose another subnet',
      ],
    },
  ),
  {
    name: 'another range for the containers of a fleet that has machines',
    files: {
      'fleet.yaml':
        'fleet: bad\nmachines:\n  app: { provider: local, count: 2, size: { cpus: 2, memory: 1G } }\nnetwork: { machines: 10.74.0.0/24, containers: 10.98.0.0/16, services: 10.99.0.0/16 }\n',
    },
    words: ['deploy', '-f', 'fleet.yaml'],
    exit: 1,
    says: [
      'nothing was changed',
      'fleet.yaml:4:36: network.containers cannot change from 10.91.0.0/16 to 10.98.0.0/16',
      'fleet.yaml:4:62: network.services cannot change from 10.92.0.0/16 to 10.99.0.0/16',
      'keep it',
    ],
  },
  deploy(
    'a secret that the fleet does not have',
    `${oneService('oops', 'secrets: [db_password]')}secrets: { db_password: { external: true } }\n`,
    { exit: 1, says: ['there is no secret db_password in the fleet', 'ballast secret set db_password'] },
  ),
  deploy(
    'services that fit no machine',
    `name: oops
services:
  big: { build: ., deploy: { resources: { reservations: { memory: 3G } } } }
  fast: { build: ., deploy: { resources: { reservations: { cpus: "3.5" } } } }
  many: { build: ., deploy: { replicas: 5, resources: { reservations: { memory: 500M } } } }
  moon: { build: ., deploy: { placement: { constraints: ["node.labels.zone == moon"] } } }
`,
    {
      exit: 1,
      says: [
        /compose.yaml:3:\d+: big: needs 3 GiB of memory; the best machine, app-\d, has .* free: .* short/,
        /compose.yaml:4:\d+: fast: needs 3.5 cpus; the best machine, app-\d, has 2 free: 1.5 short/,
        /compose.yaml:5:\d+: \d of 5 replicas of many find no place: needs 500 MiB of memory/,
        /compose.yaml:6:\d+: moon: no machine is allowed: app-1, app-2: constraint node.labels.zone == moon/,
      ],
    },
  ),
];

/** Images that cannot be had: the tool's last lines are shown, and no release is made. */
export const imageRows: readonly Row[] = [
  image('registry.internal/nowhere:1', [
    'image registry.internal/nowhere:1 does not exist',
    "the fleet's registry holds no such image or tag",
  ]),
  image('localhost/nowhere:1', ['image localhost/nowhere:1 does not exist', 'build:']),
  image('127.0.0.1:1/nowhere:1', [
    'image 127.0.0.1:1/nowhere:1 cannot be resolved',
    'its registry 127.0.0.1:1 is not reached',
    'connection refused',
  ]),
  build('a Containerfile that fails', 'RUN echo about to fail; echo no libfoo >&2; exit 7', [
    /building .*Containerfile failed at step 2\/2: RUN echo about to fail/,
    'exit status 7',
    'no libfoo',
    'nothing was changed on the fleet',
  ]),
  build('a file to copy that is not there', 'COPY nowhere /x', [
    'failed at step 2/2: COPY nowhere /x',
    'no such file or directory',
  ]),
  build('an instruction that is none', 'RUNN true', ['failed at step 2/2', 'Unknown instruction: "RUNN"']),
  build(
    'a base that is not there',
    'RUN true',
    ['service web: there is no image localhost/nowhere:1 to build on', 'build it first'],
    'localhost/nowhere:1',
  ),
  build(
    'a base in a registry that is not there',
    'RUN true',
    ['service web: 127.0.0.1:1/nowhere:1 cannot be had to build on', 'correct FROM 127.0.0.1:1/nowhere:1'],
    '127.0.0.1:1/nowhere:1',
  ),
];

function image(name: string, says: Row['says']): Row {
  const compose = `name: oops\nservices:\n  web: { image: "${name}" }\n`;
  return deploy(`the image ${name}`, compose, { exit: 1, says: ['service web', ...says] });
}

function build(name: string, line: string, says: Row['says'], base = 'localhost/ballast/python:trixie'): Row {
  const files = { Containerfile: `FROM ${base}\n${line}\n` };
  return deploy(name, oneService('oops'), { exit: 1, says, files });
}
