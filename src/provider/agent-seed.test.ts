import { expect, test } from 'vitest';
import { agentSeed } from './agent-seed.ts';

const enrolment = {
  machine: 'app-1',
  token: 'token-1',
  server: 'https://10.90.0.254:7443',
  ca: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n',
  expiresAt: 1,
};
const seed = agentSeed({ enrolment, executable: '/opt/ballast/ballast' });
const at = (path: string) => seed.find((file) => file.path === path);

test('an agent is given its executable, its enrolment, its unit and the link that starts it at boot', () => {
  expect(seed.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toMatchInlineSnapshot(`
    [
      "755 /usr/local/bin/ballast",
      "600 /etc/ballast/agent.json",
      "644 /etc/systemd/system/ballast-agent.service",
      "777 /etc/systemd/system/multi-user.target.wants/ballast-agent.service",
    ]
  `);
  expect(at('/usr/local/bin/ballast')?.copyOf).toBe('/opt/ballast/ballast');
  expect(at('/etc/systemd/system/multi-user.target.wants/ballast-agent.service')?.linkTo).toBe(
    '/etc/systemd/system/ballast-agent.service',
  );
});

test('the token stands only in the file that root alone may read', () => {
  const holding = seed.filter(({ content }) => content?.includes('token-1'));
  expect(holding.map(({ path, mode }) => [path, mode])).toEqual([['/etc/ballast/agent.json', 0o600]]);
  const { expiresAt: _, ...config } = enrolment;
  expect(JSON.parse(holding[0]?.content ?? '')).toEqual(config);
});

test('the agent comes back whenever it ends, and is stopped without what it started', () => {
  expect(at('/etc/systemd/system/ballast-agent.service')?.content).toMatchInlineSnapshot(`
    "[Unit]
    Description=Ballast agent
    After=network.target dbus.socket
    StartLimitIntervalSec=0

    [Service]
    Type=exec
    ExecStart=/usr/local/bin/ballast agent
    Restart=always
    RestartSec=1
    KillMode=process
    TimeoutStopSec=20
    StateDirectory=ballast
    StateDirectoryMode=0700
    UMask=0077
    LimitNOFILE=65536
    Environment=HOME=/root LC_ALL=C.UTF-8 MALLOC_ARENA_MAX=1
    SyslogIdentifier=ballast-agent

    [Install]
    WantedBy=multi-user.target
    "
  `);
});
