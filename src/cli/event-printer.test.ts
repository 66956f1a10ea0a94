import { expect, it, test } from 'vitest';
import type { FleetEvent } from '#wire/views.ts';
import { eventPrinter, kindsOf } from './event-printer.ts';
import { testShell } from './testing/shell.ts';

const event: FleetEvent = { seq: 7, at: 0, kind: 'login', machine: 'app-1', what: 'ana logged in' };

async function printed(output: 'table' | 'wide' | 'json' | 'yaml' | 'name'): Promise<string> {
  const shell = testShell();
  const print = await eventPrinter({ output, json: false }, shell);
  print(event);
  print(event);
  return shell.stdout();
}

test('events are printed in every form that is offered', async () => {
  const document = '---\nseq: 7\nat: 0\nkind: login\nmachine: app-1\nwhat: ana logged in\n';
  expect(await printed('yaml')).toBe(document + document);
  expect(await printed('json')).toBe(`${JSON.stringify(event)}\n`.repeat(2));
  expect(await printed('name')).toBe('7\n7\n');
  expect(await printed('wide')).toMatch(/ 7 {2}login .* app-1 .* ana logged in\n/);
  expect(await printed('table')).not.toContain('login ');
});

it('refuses a kind that there is not, and says which was meant', () => {
  expect(kindsOf(['login,drift', 'undone'])).toEqual(['login', 'drift', 'undone']);
  expect(() => kindsOf(['logn'])).toThrow(
    expect.objectContaining({
      code: 'usage',
      detail: expect.objectContaining({ fix: 'did you mean login?' }),
    }),
  );
});
