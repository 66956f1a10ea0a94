import { expect, test } from 'vitest';
import type { PlanPreview } from '#wire/views.ts';
import { planLines } from './plan-lines.ts';
import { unicodeMarks } from './render/marks.ts';
import { plain } from './render/paint.ts';

const canvas = { paint: plain, marks: unicodeMarks };

const preview: PlanPreview = {
  app: 'guestbook',
  parent: 7,
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

test('a plan is shown per machine and per resource, with what changes and why', () => {
  expect(planLines(preview, canvas).join('\n')).toMatchInlineSnapshot(`
    "app-1
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
  const none = {
    ...preview,
    changes: [],
    placements: [],
    summary: { add: 0, change: 0, replace: 0, remove: 0 },
  };
  expect(planLines(none, canvas)).toEqual(['Plan: nothing to do: guestbook already runs like this.']);
});
