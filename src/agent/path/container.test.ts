import { expect, test } from 'vitest';
import { resolverOf } from './container.ts';

test('name servers and the domains that are searched are read as the C library does', () => {
  const text =
    '# made by podman\nsearch old\nnameserver 10.91.1.1\nnameserver 10.91.1.2\nsearch shop.internal internal\n';
  expect(resolverOf(text)).toEqual({
    servers: ['10.91.1.1', '10.91.1.2'],
    search: ['shop.internal', 'internal'],
  });
  expect(resolverOf('')).toEqual({ servers: [], search: [] });
});
