import { expect, test } from 'vitest';
import type { ResourceChange } from '#wire/views.ts';
import { changeSummary } from './fleet-changes.ts';
import { asciiMarks } from './render/marks.ts';
import { plain } from './render/paint.ts';

const change = (machine: string, action: ResourceChange['action'], resource: string): ResourceChange => ({
  ...{ machine, action, resource, fields: [], reason: '', origin: 'fleet.yaml:1:1' },
});

test('what a deploy changes is a line for each machine, with the first resources by name', () => {
  const many = Array.from({ length: 7 }, (_, index) => change('app-2', 'create', `user:u${index}`));
  const changes = [
    change('app-1', 'create', 'user:ana'),
    ...many,
    change('app-1', 'update', 'file:/etc/motd'),
  ];
  expect(changeSummary(changes, { paint: plain, marks: asciiMarks })).toEqual([
    '  app-1  + user ana, ~ file /etc/motd',
    '  app-2  + user u0, + user u1, + user u2, + user u3, + user u4, + user u5 and 1 more',
  ]);
});
