import { expect, test } from 'vitest';
import { operations } from './operations.ts';
import { requestOf } from './request.ts';

test.each([
  ['status', {}, { method: 'GET', path: '/v1/status' }],
  ['listReplicas', { app: 'a b' }, { method: 'GET', path: '/v1/replicas?app=a+b' }],
  ['listReplicas', { app: undefined }, { method: 'GET', path: '/v1/replicas' }],
  [
    'removeApp',
    { app: 'x', volumes: ['a', 'b'] },
    { method: 'DELETE', path: '/v1/apps/x?volumes=a&volumes=b' },
  ],
  [
    'logs',
    { app: 'x', follow: true, tail: 5 },
    { method: 'GET', path: '/v1/apps/x/logs?follow=true&tail=5' },
  ],
  ['setSecret', { secret: 's', value: 'v' }, { method: 'PUT', path: '/v1/secrets/s', body: '{"value":"v"}' }],
  ['removeSecret', { secret: '../x' }, { method: 'DELETE', path: '/v1/secrets/..%2Fx' }],
] as const)('%s with %j becomes its request', (name, input, expected) => {
  expect(requestOf(operations[name], input)).toEqual(expected);
});

test('a path parameter that is missing is a programmer’s error', () => {
  expect(() => requestOf(operations.listReleases, {})).toThrow(/app is missing/);
});
