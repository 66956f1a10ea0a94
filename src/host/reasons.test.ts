import { expect, test } from 'vitest';
import { fullPlace } from './images.ts';
import { reasonOf } from './systemctl.ts';

test.each([
  [
    'a warning first',
    'Warning: The unit file, source configuration file or drop-ins of a.service changed on disk.\nJob for a.service failed.\nSee "systemctl status a.service" for details.',
    'Job for a.service failed.',
  ],
  [
    'nothing else',
    'Failed to start a.service: Unit a.service not found.',
    'Failed to start a.service: Unit a.service not found.',
  ],
  ['only a warning', 'Warning: something\n', ''],
])('why systemctl failed is found with %s', (_, stderr, reason) => {
  expect(reasonOf(stderr)).toBe(reason);
});

test('the directory without space is the one that podman names', () => {
  const stderr =
    'Error: copying system image from manifest list: writing blob: storing blob to file "/var/tmp/storage208069/2": write /var/tmp/storage208069/2: no space left on device';
  expect(fullPlace(stderr)).toBe('/var/tmp');
  expect(fullPlace('Error: no space left on device')).toBeUndefined();
  const inside =
    'adding layer with blob "sha256:a4b1": unpacking failed (error: exit status 1; output: write /usr/lib/libcrypto.so.3: no space left on device)';
  expect(fullPlace(inside), 'a file of the image').toBeUndefined();
});
