import { describe, expect, test } from 'vitest';
import { parseMount } from './mount-syntax.ts';
import { imageProblem } from './normal/image.ts';
import { parsePort, parseRange } from './port-syntax.ts';
import { splitWords } from './words.ts';

const one = (port: number) => ({ first: port, last: port });

describe('a port', () => {
  test.each([
    ['80', { target: one(80), protocol: 'tcp' }],
    ['8080:80', { published: one(8080), target: one(80), protocol: 'tcp' }],
    ['53:53/UDP', { published: one(53), target: one(53), protocol: 'udp' }],
    ['127.0.0.1:8080:80', { hostIp: '127.0.0.1', published: one(8080), target: one(80), protocol: 'tcp' }],
    ['127.0.0.1::80', { hostIp: '127.0.0.1', target: one(80), protocol: 'tcp' }],
    ['[::1]:8080:80', { hostIp: '::1', published: one(8080), target: one(80), protocol: 'tcp' }],
    [
      '8000-8002:80-82',
      { published: { first: 8000, last: 8002 }, target: { first: 80, last: 82 }, protocol: 'tcp' },
    ],
  ])('%s is taken apart', (text, parts) => {
    expect(parsePort(text)).toEqual(parts);
  });

  test.each(['', 'a', '0', '65536', '80:', ':', '80:0', '90-80', '1:2:3', '80/'])('%j is none', (text) => {
    expect(parsePort(text)).toBeUndefined();
  });

  test('range of one is that port', () => {
    expect(parseRange('80')).toEqual(one(80));
  });
});

describe('a mount', () => {
  test.each([
    ['/data', { target: '/data', modes: [] }],
    ['data:/data', { source: 'data', target: '/data', modes: [] }],
    ['/srv:/data:ro,z', { source: '/srv', target: '/data', modes: ['ro', 'z'] }],
    ['/data:ro', { target: '/data', modes: ['ro'] }],
    ['C:\\x:/data', { source: 'C:\\x', target: '/data', modes: [] }],
  ])('%s is taken apart', (text, parts) => {
    expect(parseMount(text)).toEqual(parts);
  });

  test.each(['', ':', 'a:', ':/a', 'a:b:c:d'])('%j is none', (text) => {
    expect(parseMount(text)).toBeUndefined();
  });
});

describe('a command', () => {
  test.each([
    ['', []],
    ['  a  b ', ['a', 'b']],
    ['a "b c" \'d e\'', ['a', 'b c', 'd e']],
    ['a\\ b', ['a b']],
    ['"a\\"b" "c\\d"', ['a"b', 'c\\d']],
    ["'a\\'", ['a\\']],
    ['a""b \'\'', ['ab', '']],
    ['sh -c "echo $HOME && ls"', ['sh', '-c', 'echo $HOME && ls']],
  ])('%j has the words %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  test.each(['"a', "'a", 'a\\'])('%j never ends', (text) => {
    expect(splitWords(text)).toBeUndefined();
  });
});

describe('an image', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  test.each([
    'nginx',
    'nginx:1.29',
    'library/nginx',
    'registry.internal:5000/shop/web:2',
    'localhost/x',
    `web@${digest}`,
    `r.example.com/a/b_c/d-e:tag@${digest}`,
    'a__b/c.d',
  ])('%s is sound', (image) => {
    expect(imageProblem(image)).toBeUndefined();
  });

  test.each([
    '',
    ' ',
    'Nginx',
    'nginx:',
    'nginx:a b',
    '/nginx',
    'nginx@sha256:abc',
    'a//b',
    'http://x/y',
    '-x',
  ])('%j is none', (image) => {
    expect(imageProblem(image)).toBeDefined();
  });
});
