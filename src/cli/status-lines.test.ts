import { expect, test } from 'vitest';
import { statusLines } from './status-lines.ts';
import { testShell } from './testing/shell.ts';
import { appView, machineView, replicaView } from './testing/views.ts';

const shell = testShell({ now: () => 600_000 });
const fleet = { fleet: 'demo', version: '0.1.0', plan: 7 };
const machines = [machineView(), machineView({ name: 'app-2', address: '192.0.2.12' })];

test('a healthy fleet is told in a sentence and two tables', () => {
  const { wrong, lines } = statusLines({ ...fleet, machines, apps: [appView()] }, [], shell);
  expect(wrong).toBe(0);
  expect(lines.join('\n')).toMatchInlineSnapshot(
    `
    "Fleet demo: 2 machines ready, 1 app, everything is healthy

    MACHINE  ADDRESS     STATUS  UP TO DATE  REPLICAS  RESERVED
    app-1    192.0.2.11  ready   yes                2  0.5 of 2 cpus, 256 MiB of 2 GiB
    app-2    192.0.2.12  ready   yes                2  0.5 of 2 cpus, 256 MiB of 2 GiB

    APP        RELEASE  STATE    SERVICES         PORTS
    guestbook  1        healthy  db 1/1, web 3/3  8080:8080/tcp"
  `,
  );
});

test('what is wrong is told with what to do about it', () => {
  const sick = replicaView({
    id: 'guestbook-web-1-r2',
    report: { id: 'x', state: 'restarting', since: 0, restarts: 4, exitCode: 3, log: ['one', 'cannot bind'] },
  });
  const failure = {
    release: 2,
    service: 'web',
    replica: 'guestbook-web-1-r2',
    machine: 'app-1',
    what: 'ended again and again',
    exitCode: 3,
    log: ['cannot bind'],
  };
  const { wrong, lines } = statusLines(
    {
      ...fleet,
      machines: [
        machineView({ status: 'offline', seenAt: 480_000 }),
        machineView({ name: 'app-2', failures: [{ resource: 'package:podman', what: 'the disk is full' }] }),
        machineView({ name: 'app-3', status: 'pending', facts: null, seenAt: null }),
      ],
      apps: [appView({ state: { wanted: 2, target: 1, healthy: 1, phase: 'failed', since: 0, failure } })],
    },
    [sick],
    shell,
  );
  expect(wrong).toBe(5);
  expect(lines.find((text) => text.startsWith('guestbook'))).toMatch(
    /^guestbook +1 \(2 failed\) +rolled back/,
  );
  expect(lines.slice(lines.indexOf('What is wrong:')).join('\n')).toMatchInlineSnapshot(`
    "What is wrong:
      ✗ app-1 is offline: last heard of 2m ago; its containers run on if the machine does
          → see whether it is up and reaches the server; its agent: journalctl -u ballast-agent
      ✗ app-2: package:podman failed: the disk is full
          → it is tried again by itself; mend what it says if it stays
      ✗ app-3 has not joined yet
          → join it: ballast machine add app-3 --ssh root@192.0.2.11
      ✗ guestbook: release 2 failed: guestbook-web-1-r2 on app-1 ended again and again
          │ cannot bind
          → release 1 runs instead; mend it and deploy again
      ✗ guestbook-web-1-r2 on app-1 exited with code 3, restarted 4 times
          │ one
          │ cannot bind
          → see what it prints: ballast logs guestbook-web-1-r2"
  `);
});

test('an empty fleet says what to do next', () => {
  expect(statusLines({ ...fleet, machines: [], apps: [] }, [], shell).lines.at(-1)).toContain(
    'ballast machine add',
  );
  expect(statusLines({ ...fleet, machines, apps: [] }, [], shell).lines.at(-1)).toContain('ballast deploy');
});
