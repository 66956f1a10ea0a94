import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Control, openControl, type Status, tell } from './control.ts';

const starting: Status = { boot: 1, state: 'starting', leader: null };
const up: Status = { boot: 1, state: 'up', leader: 7 };
const wish = { signal: new AbortController().signal, timeoutMs: 10_000, what: 'asking' };
const dir = mkdtempSync(join(tmpdir(), 'control-'));
const path = join(dir, 'machine.sock');
let control: Control | undefined;

afterEach(() => {
  control?.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a supervisor outlives one who leaves the moment it speaks', async () => {
  control = await openControl(path, starting, () => {});
  const leaver = connect({ path });
  await new Promise((resolve) => leaver.once('data', resolve));
  leaver.destroy();
  // This side of the socket is closed by now, and the supervisor has not heard of it yet.
  await new Promise((resolve) => leaver.once('close', resolve));
  control.publish(up);
  expect(await tell(path, { ...wish, until: ({ state }) => state === 'up' })).toEqual(up);
});
