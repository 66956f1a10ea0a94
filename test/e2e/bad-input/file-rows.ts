import { deploy, oneService, type Row } from './row.ts';

/** Files that are wrong in themselves: exit 65, with the place, and nothing is asked of the fleet. */
export const fileRows: readonly Row[] = [
  deploy('broken YAML', 'name: oops\nservices:\n  web:\n    image: "unclosed\n', {
    exit: 65,
    says: ['compose.yaml:', 'broken YAML', 'check for a missing colon, quote or bracket'],
  }),
  deploy('a YAML bomb', bomb(), { exit: 65, says: ['compose.yaml', 'alias'] }),
  deploy('an unknown key', oneService('oops', 'enviroment: { A: b }'), {
    exit: 65,
    says: ['compose.yaml:5:5: services.web has no key enviroment', 'did you mean environment?'],
  }),
  {
    ...deploy('a mistake on standard input', '', {
      exit: 65,
      says: ['(standard input):5:5: services.web has no key'],
    }),
    words: ['deploy', '-f', '-'],
    input: oneService('oops', 'enviroment: { A: b }'),
  },
  deploy('a wrong type', oneService('oops', 'ports: 8080', 'mem_limit: lots'), {
    exit: 65,
    says: [
      'compose.yaml has 2 problems',
      'compose.yaml:5:12: services.web.ports: the number 8080 where a list is expected',
      'compose.yaml:6:16: services.web.mem_limit: the text "lots" where a size such as 64m or 2g is expected',
      'for example mem_limit: 128m',
    ],
  }),
  deploy(
    'a port published twice',
    'name: oops\nservices:\n  web:\n    build: .\n    ports: ["9000:80"]\n  api:\n    build: .\n    ports: ["9000:80"]\n',
    { exit: 65, says: ['compose.yaml:8:13', 'port 9000/tcp is published twice', 'line 5', '"9001:80"'] },
  ),
  deploy(
    'a ring of dependencies',
    'name: oops\nservices:\n  a: { build: ., depends_on: [b] }\n  b: { build: ., depends_on: [a] }\n',
    { exit: 65, says: ['compose.yaml:3:', 'depends_on goes round in a ring: a -> b -> a'] },
  ),
  deploy(
    'all that is missing, at once',
    `name: oops
services:
  a: { build: ., secrets: [other, key], env_file: [app.env] }
  b: { build: ./nowhere }
  c: { build: { context: ., dockerfile: Nofile } }
secrets:
  key: { file: ./key.txt }
  token: { environment: NO_SUCH_VARIABLE }
`,
    {
      exit: 65,
      says: [
        'compose.yaml has 6 problems',
        /compose.yaml:3:\d+: services.a: the secret other is not defined/,
        /compose.yaml:3:\d+: services.a: the env file .*app.env cannot be read/,
        /compose.yaml:4:\d+: services.b: the build context .*nowhere does not exist/,
        /compose.yaml:5:\d+: services.c: the Containerfile .*Nofile does not exist/,
        /compose.yaml:7:\d+: secrets.key: the file .*key.txt does not exist/,
        /compose.yaml:8:\d+: secrets.token: the variable NO_SUCH_VARIABLE is not set/,
      ],
    },
  ),
  deploy('an image name that is none', 'name: oops\nservices:\n  web: { image: "UPPER/case!!" }\n', {
    exit: 65,
    says: ['compose.yaml:3:17', 'is no image reference', 'for example nginx:1.29'],
  }),
  {
    name: 'a fleet file with mistakes',
    files: {
      'fleet.yaml':
        'fleet: bad\nmachines:\n  app: { provider: loca, cuont: 2 }\n  db: { provider: local, count: many }\nnetwork: { machines: 10.92.0.0 }\n',
    },
    words: ['deploy', '-f', 'fleet.yaml'],
    exit: 65,
    says: [
      'fleet.yaml has 4 problems',
      'fleet.yaml:3:20',
      'did you mean local?',
      'did you mean count?',
      'fleet.yaml:4:33',
      'fleet.yaml:5:22',
    ],
  },
  {
    name: 'a file that is not there',
    words: ['deploy', '-f', 'nowhere.yaml'],
    exit: 65,
    says: ['nowhere.yaml does not exist', 'check the path given with -f'],
  },
];

/** Text that would be gigabytes if its aliases were followed. */
function bomb(): string {
  const lines = ['x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let i = 1; i < 10; i += 1) {
    const aliases = Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ');
    lines.push(`x-${i}: &a${i} [${aliases}]`);
  }
  return ['name: oops', ...lines, 'services: { web: { build: . } }', ''].join('\n');
}
