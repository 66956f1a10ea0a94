import { expect, test } from 'vitest';
import { unitNameOf } from './unit-name.ts';

// As `systemd-escape --path` does it.
test.each([
  ['/srv/data', 'srv-data'],
  ['/srv/my-data', 'srv-my\\x2ddata'],
  ['/', '-'],
  ['/srv//data/', 'srv-data'],
  ['/.hidden/x.y', '\\x2ehidden-x.y'],
  ['/a/.b', 'a-.b'],
  ['/é', '\\xc3\\xa9'],
])('%s is the unit %s', (path, name) => {
  expect(unitNameOf(path)).toBe(name);
});
