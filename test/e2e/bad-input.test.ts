import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { buildStorage } from '#host/images/storage.ts';
import { commandRows } from './bad-input/command-rows.ts';
import { containerRows } from './bad-input/container-rows.ts';
import { fileRows } from './bad-input/file-rows.ts';
import { fleetRows, imageRows } from './bad-input/fleet-rows.ts';
import { type Lab, startLab, succeeded } from './bad-input/lab.ts';
import { deploy, httpHealth, oneService, type Row } from './bad-input/row.ts';
import { eventually } from './support/ask.ts';

let lab: Lab;
const patient = AbortSignal.timeout(10 * 60_000);

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab?.down();
});

afterEach(async () => {
  expect(await lab.keeps(), 'the app that was there before answers').toBe(true);
});

async function fails({ exit, says, ...row }: Row): Promise<void> {
  const { code, stderr } = await lab.type(row);
  for (const text of says) {
    if (typeof text === 'string') expect(stderr).toContain(text);
    else expect(stderr).toMatch(text);
  }
  expect(code, stderr).toBe(exit);
}

/** A service whose text is its version, so that each deploy of another is another release. */
const versioned = (app: string, version: number, ...more: readonly string[]) => ({
  'compose.yaml': oneService(app, `environment: { VERSION: "${version}" }`, httpHealth, ...more),
});

const deployed = async (files: Row['files']): Promise<string> =>
  succeeded(await lab.type({ words: ['deploy'], ...(files ? { files } : {}) })).stderr;

describe('what is refused leaves everything as it was', () => {
  let before: readonly string[];
  beforeEach(async () => {
    before = await lab.running();
  });
  afterEach(async () => {
    expect(await lab.running()).toEqual(before);
    expect(await lab.apps()).toEqual(['keep']);
  });

  test.each(fileRows)('$name', fails);
  test.each(fleetRows)('$name', fails);
  test.each(imageRows)('$name', fails);
  test.each(commandRows)('$name', fails);
});

describe('what a machine has itself', () => {
  test('a port that a process holds is not published: it says which process, and what ends it', async () => {
    const listen = ['busybox', 'httpd', '-f', '-p', '9444', '-h', '/tmp'];
    await lab.inside('app-2', 'systemd-run', '--quiet', '--unit=squatter', ...listen);
    const row = deploy('', oneService('oops', 'ports: ["9443:8080", "9444:8080"]'), {
      exit: 1,
      says: [
        'nothing was changed',
        /compose.yaml:5:26: port 9444\/tcp of service web is taken on app-2 by busybox \(pid \d+, squatter.service\)/,
        'publish another port, for example "9445:8080"',
        'systemctl disable --now squatter.service on app-2',
      ],
    });
    await fails(row);
    await fails({ ...row, words: ['plan'], exit: 1, says: ['port 9444/tcp', 'squatter.service'] });
    expect(await lab.apps()).toEqual(['keep']);
    await lab.inside('app-2', 'systemctl', 'stop', 'squatter.service');
    expect(await deployed(row.files)).toContain('oops release 1');
    succeeded(await lab.fleet.ballast(['rm', 'oops', '-y']));
  });

  test('a network that a machine is on is nobody else’s subnet', async () => {
    await lab.inside('app-1', 'ip', 'link', 'add', 'lan7', 'type', 'bridge');
    await lab.inside('app-1', 'ip', 'address', 'add', '172.29.5.1/24', 'dev', 'lan7');
    await lab.inside('app-1', 'ip', 'link', 'set', 'lan7', 'up');
    await eventually(patient, async () =>
      succeeded(await lab.fleet.ballast(['machine', 'ls', '--json'])).stdout.includes('lan7'),
    );
    const front = 'networks: { front: { ipam: { config: [{ subnet: 172.29.0.0/16 }] } } }\n';
    const compose = `${oneService('oops', 'networks: { front: { ipv4_address: 172.29.5.9 } }')}${front}`;
    await fails(
      deploy('', compose, {
        exit: 1,
        says: [
          /compose.yaml:7:\d+: networks.front: the subnet 172.29.0.0\/16 meets a network of app-1: 172.29.5.0\/24 on lan7/,
        ],
      }),
    );
    await lab.inside('app-1', 'ip', 'link', 'delete', 'lan7');
  });
});

describe('a release that fails leaves nothing of itself', () => {
  afterEach(async () => {
    succeeded(await lab.fleet.ballast(['rm', 'oops', '-y']));
  });

  test.each(containerRows)('$name', async (row) => {
    await fails(row);
    if (row.exit !== 3) return;
    expect(await lab.running('oops')).toEqual([]);
    const { stdout } = succeeded(await lab.fleet.ballast(['status']));
    expect(stdout).toMatch(/oops: release \d+ failed/);
    for (const machine of ['app-1', 'app-2']) {
      await eventually(patient, async () => {
        const there = await lab.inside(machine, 'podman', 'ps', '--all', '--format', '{{.Names}}');
        return !there.includes('oops');
      });
    }
  });

  test('and the release before it runs on, untouched', async () => {
    await deployed(versioned('oops', 1));
    const before = await lab.running('oops');
    const { code, stderr } = await lab.type({
      words: ['deploy'],
      files: { 'compose.yaml': oneService('oops', 'environment: { EXIT: "5" }', httpHealth) },
    });
    expect(stderr).toMatch(/release \d+ of oops failed after .*; release \d+ runs again, as before/);
    expect(code).toBe(3);
    expect(await lab.running('oops')).toEqual(before);
  });

  test('and a full disk is called so; with room again the next deploy works', async () => {
    const files = {
      ...versioned('oops', 1, 'deploy: { placement: { constraints: [node.hostname == app-2] } }'),
      blob: 'not compressible enough to fit '.repeat(40_000),
      Containerfile:
        'FROM localhost/ballast/python:trixie\nCOPY blob /blob\nRUN head -c 2000000 /dev/urandom > /noise\nCOPY server.py /app/server.py\nENTRYPOINT ["/usr/bin/python3", "/app/server.py"]\n',
    };
    // Where layers lie while they are pulled: small here, so that the real disk is not filled.
    await lab.inside('app-2', 'mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', '/var/tmp');
    try {
      const { code, stderr } = await lab.type({ words: ['deploy'], files });
      expect(stderr).toMatch(
        /oops-web-1-r\d+ on app-2 is held up: its image could not be pulled: no space left/,
      );
      expect(stderr).toContain(
        'its image could not be pulled: no space left on the disk of /var/tmp (0 MiB free)',
      );
      expect(stderr).toContain('free space on the machine');
      expect(code, stderr).toBe(3);
      expect(await lab.running('oops')).toEqual([]);
    } finally {
      await lab.inside('app-2', 'umount', '/var/tmp');
    }
    expect(await deployed(files)).toContain('is healthy');
  });
});

describe('a deploy that is interrupted', () => {
  const slowBuild = {
    ...versioned('held', 1),
    Containerfile: 'FROM localhost/ballast/python:trixie\nRUN echo building; sleep 50\n',
  };

  afterEach(async () => {
    await eventually(patient, async () => lab.strays().length === 0, 10_000);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(buildStorage().root);
  });

  test.each([
    ['when the file is read', /app held/, versioned('held', 1)],
    ['while it builds', /building web/, slowBuild],
    ['while it pushes', /pushing web/, versioned('held', 1)],
  ])('%s has changed nothing on the fleet', async (_, at, files) => {
    const { code, stderr } = await lab.interrupt({ words: ['deploy'], files }, at, 'SIGINT');
    expect(stderr).toContain('interrupted: nothing was changed on the fleet');
    expect(code).toBe(130);
    expect(await lab.apps()).toEqual(['keep']);
  });

  test('while it waits goes on by itself, and says so; the next deploy works', async () => {
    const row = { words: ['deploy'], files: versioned('held', 1) };
    const { code, stderr } = await lab.interrupt(row, /goes to/, 'SIGINT');
    expect(stderr).toContain('no longer waiting; the rollout of held goes on by itself');
    expect(stderr).toContain('ballast rollback -a held');
    expect(code).toBe(130);
    expect(await deployed(versioned('held', 1))).toContain('held release 1');
    expect(await deployed(versioned('held', 2))).toContain('held release 2 is healthy');
    succeeded(await lab.fleet.ballast(['rm', 'held', '-y']));
  });
});

describe('trouble around a deploy', () => {
  afterEach(async () => {
    for (const app of await lab.apps()) {
      if (app !== 'keep') succeeded(await lab.fleet.ballast(['rm', app, '-y']));
    }
  });

  test('two at once: one wins, the other is told who and what', async () => {
    const slow = (version: number) => ({
      'compose.yaml': oneService(
        'twins',
        `environment: { VERSION: "${version}", HEALTHY_AFTER: "4" }`,
        httpHealth,
      ),
    });
    const both = await Promise.all([1, 2].map((n) => lab.type({ words: ['deploy'], files: slow(n) })));
    expect(both.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 5]);
    const { stderr } = both.find(({ code }) => code === 5) ?? { stderr: '' };
    expect(stderr).toMatch(/twins (?:is being rolled out|was changed meanwhile)/);
    expect(stderr).toMatch(/release 1 \(deploy.* (?:by )?admin/);
    expect(await lab.running('twins')).toHaveLength(1);
  });

  test('the server is killed in the middle: the deploy waits for it, and the next one has nothing to do', async () => {
    await deployed(versioned('killed', 1));
    let again: Promise<void> | undefined;
    const done = await lab.type({ words: ['deploy'], files: versioned('killed', 2) }, (line) => {
      if (line.includes('goes to')) {
        again ??= lab.fleet.stopServer('SIGKILL').then(() => lab.fleet.startServer(patient));
      }
    });
    await again;
    expect(done.stderr).toContain('the server went away; asking again until it is back');
    expect(done.code, done.stderr).toBe(0);
    expect(await deployed(versioned('killed', 2))).toContain('nothing to do');
    expect(await lab.running('killed')).toEqual([expect.stringMatching(/^killed-web-1-r2 on .*: running/)]);
  });

  test('a machine that cannot be reached is named; once it is back the same deploy succeeds', async () => {
    const two = 'deploy: { replicas: 2, update_config: { monitor: 0s } }';
    await deployed(versioned('parted', 1, two));
    await lab.fleet.provider.power?.partition('app-2', patient);
    try {
      const words = ['deploy', '--timeout', '25s'];
      const { code, stderr } = await lab.type({ words, files: versioned('parted', 2, two) });
      expect([4, 6], stderr).toContain(code);
      expect(stderr).toMatch(/parted is not healthy after 25 s/);
      expect(stderr).toMatch(/parted-web-\d-r\d (?:is )?on app-2/);
      const running = await lab.running('parted');
      expect(running).toContainEqual(expect.stringMatching(/on app-1: running/));
    } finally {
      await lab.fleet.provider.power?.heal('app-2', patient);
    }
    expect(await deployed(versioned('parted', 2, two))).toContain('parted release 2');
    expect(await lab.running('parted')).toEqual([
      expect.stringMatching(/^parted-web-1-r2 .*: running/),
      expect.stringMatching(/^parted-web-2-r2 .*: running/),
    ]);
  });
});

describe('the way to the server', () => {
  const config = () =>
    parse(readFileSync(lab.config, 'utf8')) as { contexts: { bad: Record<string, string> } };

  /** A file of contexts in which the one of this fleet is another. */
  function changed(change: Record<string, string | undefined>): Row['env'] {
    const file = `${lab.config}.changed`;
    const all = config();
    const bad = Object.entries({ ...all.contexts.bad, ...change }).filter(([, value]) => value !== undefined);
    writeFileSync(file, stringify({ ...all, contexts: { bad: Object.fromEntries(bad) } }), { mode: 0o600 });
    return { BALLAST_CONFIG: file };
  }

  test.each([
    ['without credentials', { cert: undefined, key: undefined }, 'holds neither a certificate nor a token'],
    [
      'with a wrong token',
      { cert: undefined, key: undefined, token: 'nonsense' },
      'the token is not of this fleet',
    ],
  ])('%s is closed', async (_, change, why) => {
    const says = ['the server https://127.0.0.1:7704 (context bad) does not know you', why, 'admin.json'];
    await fails({ name: '', words: ['ls'], env: changed(change) ?? {}, exit: 1, says });
  });

  test('an address where something else listens is told apart', async () => {
    const other = createServer((socket) => socket.end('hello\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const env = changed({ server: `https://127.0.0.1:${port}` }) ?? {};
    const says = [`the server https://127.0.0.1:${port} (context bad)`, 'TLS'];
    await fails({ name: '', words: ['ls'], env, exit: 1, says });
    other.close();
  });

  test('a server that is down is named with address and context, and the apps run on', async () => {
    await lab.fleet.stopServer();
    const files = { 'compose.yaml': oneService('oops') };
    const says = [
      'the server https://127.0.0.1:7704 (context bad) cannot be reached',
      'nothing listens at that address',
      'ballast context ls',
    ];
    try {
      for (const words of [['deploy'], ['ls'], ['status']])
        await fails({ name: '', words, files, exit: 1, says });
      expect(await lab.keeps()).toBe(true);
    } finally {
      await lab.fleet.startServer(patient);
    }
    expect(await lab.apps()).toEqual(['keep']);
  });
});

test('an app file of a megabyte is no trouble', async () => {
  const filler = `# ${'x'.repeat(98)}\n`.repeat(11_000);
  const notes = Array.from({ length: 1_000 }, (_, n) => `  note-${n}: "${'y'.repeat(100)}"\n`).join('');
  const files = { 'compose.yaml': `${filler}${oneService('large', httpHealth)}x-notes:\n${notes}` };
  expect(succeeded(await lab.type({ words: ['validate'], files })).code).toBe(0);
  expect(await deployed(files)).toContain('large release 1 is healthy');
  succeeded(await lab.fleet.ballast(['rm', 'large', '-y']));
});
