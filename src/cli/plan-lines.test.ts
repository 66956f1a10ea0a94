import { expect, test } from 'vitest';
import type { FleetPreview, PlanPreview } from '#wire/views.ts';
import { fleetPlanLines } from './fleet-plan-lines.ts';
import { planLines } from './plan-lines.ts';
import { unicodeMarks } from './render/marks.ts';
import { plain } from './render/paint.ts';

const canvas = { paint: plain, marks: unicodeMarks };

const preview: PlanPreview = {
  app: 'guestbook',
  parent: 7,
  release: { before: 1, after: 2 },
  services: [
    {
      service: 'web',
      action: 'replace',
      before: 5,
      after: 3,
      replaced: 1,
      fields: [
        { name: 'image', before: `web@sha256:${'a'.repeat(64)}`, after: `web@sha256:${'b'.repeat(64)}` },
        { name: 'environment.LOG', before: 'info', after: 'debug' },
      ],
    },
    { service: 'db', action: 'replace', before: 1, after: 1, replaced: 1, fields: [] },
    { service: 'cache', action: 'create', before: 0, after: 1, replaced: 0, fields: [] },
    { service: 'old', action: 'delete', before: 2, after: 0, replaced: 0, fields: [] },
  ],
  changes: [
    {
      machine: 'app-2',
      resource: 'container:guestbook-web-2-r2',
      action: 'create',
      fields: [{ name: 'image', before: null, after: 'x' }],
      reason: 'web has a new image',
      origin: 'compose.yaml:5:5',
    },
    {
      machine: 'app-1',
      resource: 'firewall:ballast',
      action: 'update',
      fields: [{ name: 'rules', before: 'a\nb\nc', after: 'a\nB\nc' }],
      reason: 'port 8080 is published',
      origin: '',
    },
    {
      machine: 'app-1',
      resource: 'container:guestbook-web-1-r1',
      action: 'delete',
      fields: [{ name: 'image', before: 'x', after: null }],
      reason: '',
      origin: '',
    },
    {
      machine: 'app-1',
      resource: 'container:guestbook-db-1-r1',
      action: 'replace',
      fields: [
        { name: 'user', before: null, after: 'app' },
        { name: 'environment', before: 'A=1', after: 'A=2' },
      ],
      reason: 'a container cannot be changed in place',
      origin: '',
    },
  ],
  placements: [{ replica: 'guestbook-web-2-r2', machine: 'app-2', reason: 'most memory free of 3 that fit' }],
  problems: [],
  summary: { add: 1, change: 1, replace: 1, remove: 1 },
};

test('a plan says first what it means for each service, then what changes on each machine, in brief', () => {
  expect(planLines(preview, canvas, false).join('\n')).toMatchInlineSnapshot(`
    "guestbook  release 1 → 2
      -/+ web    5 → 3 replicas, 1 made anew
            image changed
            environment.LOG  info → debug
      -/+ db     1 replica, made anew
      +   cache  1 replica
      -   old    2 replicas → none

    app-1
      -   container guestbook-web-1-r1
      -/+ container guestbook-db-1-r1  a container cannot be changed in place
      ~   firewall

    app-2
      +   container guestbook-web-2-r2  most memory free of 3 that fit

    Plan: 1 to add, 1 to change, 1 to replace, 1 to remove.  Each in full: -o wide"
  `);
});

test('a wide plan shows every resource with what changes in it, and where replicas go and why', () => {
  expect(planLines(preview, canvas, true).join('\n')).toMatchInlineSnapshot(`
    "guestbook  release 1 → 2
      -/+ web    5 → 3 replicas, 1 made anew
            image changed
            environment.LOG  info → debug
      -/+ db     1 replica, made anew
      +   cache  1 replica
      -   old    2 replicas → none

    app-1
      ~   firewall ballast  port 8080 is published
            rules
              - b
              + B
      -   container guestbook-web-1-r1
      -/+ container guestbook-db-1-r1  a container cannot be changed in place
            user         absent → app
            environment  A=1 → A=2

    app-2
      +   container guestbook-web-2-r2  web has a new image

    Where replicas go
      guestbook-web-2-r2  → app-2  most memory free of 3 that fit

    Plan: 1 to add, 1 to change, 1 to replace, 1 to remove."
  `);
});

test('a plan without changes says so', () => {
  const summary = { add: 0, change: 0, replace: 0, remove: 0 };
  const none = { ...preview, services: [], changes: [], placements: [], summary };
  expect(planLines(none, canvas, false)).toEqual(['Plan: nothing to do: guestbook already runs like this.']);
});

test('a fleet file’s plan names the machines that are made, changed and no longer named', () => {
  const fleet: FleetPreview = {
    ...{ fleet: 'acme', parent: 7, problems: [], fields: [] },
    changes: preview.changes.slice(1, 2),
    machines: [
      {
        ...{ machine: 'app-4', action: 'create', provider: 'local', address: '10.90.0.4', note: '' },
        fields: [
          { name: 'cpus', before: null, after: '2' },
          { name: 'memoryBytes', before: null, after: String(4 << 20) },
          { name: 'labels.zone', before: null, after: 'b' },
        ],
      },
      {
        ...{ machine: 'app-1', action: 'update', provider: 'local', address: '10.90.0.1', note: '' },
        fields: [{ name: 'labels.zone', before: 'a', after: 'b' }],
      },
      {
        ...{ machine: 'old', action: 'delete', provider: 'local', address: '10.90.0.9', fields: [] },
        note: 'no longer in the file',
      },
    ],
    summary: { add: 1, change: 1, replace: 0, remove: 1 },
  };
  expect(fleetPlanLines(fleet, canvas, false).join('\n')).toMatchInlineSnapshot(`
    "fleet acme
      +   app-4  local, 10.90.0.4, 2 cpus, 4 MiB, zone=b
      ~   app-1
            labels.zone  a → b
      -   old    no longer in the file

    app-1
      ~   firewall

    Plan: 1 machine to make, 1 to change, 1 to remove; with them 1 resource of what machines hold."
  `);
});
