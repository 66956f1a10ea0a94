import { expect, test } from 'vitest';
import type { BuildModel } from '#spec/model.ts';
import { buildArgs, explainFailure } from './buildah.ts';

const build: BuildModel = {
  context: '/src/web',
  file: '/src/web/Containerfile',
  args: {},
  labels: {},
  noCache: false,
  pull: false,
  additionalContexts: {},
  extraHosts: [],
  platforms: [],
  tags: [],
};

const argsOf = (parts: Partial<BuildModel>, ignoreFile?: string): string[] =>
  buildArgs({
    build: { ...build, ...parts },
    files: { file: '/src/web/Containerfile', text: '', ...(ignoreFile === undefined ? {} : { ignoreFile }) },
    file: '/src/web/Containerfile',
    iidFile: '/tmp/id',
    localName: 'localhost/built/shop/web:latest',
  });

test('a plain build keeps its layers, is contained and keeps health checks', () => {
  expect(argsOf({})).toEqual([
    'build',
    '--layers',
    '--isolation=chroot',
    '--format=docker',
    '--pull=missing',
    '--tag=localhost/built/shop/web:latest',
    '--iidfile=/tmp/id',
    '--file=/src/web/Containerfile',
    '/src/web',
  ]);
});

const flags: readonly [name: string, parts: Partial<BuildModel>, args: readonly string[]][] = [
  ['args', { args: { A: '1', B: 'x y' } }, ['--build-arg', 'A=1', '--build-arg', 'B=x y']],
  ['labels', { labels: { a: 'b' } }, ['--label', 'a=b']],
  ['target', { target: 'final' }, ['--target=final']],
  ['no_cache', { noCache: true }, ['--no-cache']],
  ['pull', { pull: true }, ['--pull=always']],
  ['network', { network: 'host' }, ['--network=host']],
  ['shm_size', { shmSizeBytes: 1024 }, ['--shm-size=1024b']],
  ['platforms', { platforms: ['linux/arm64'] }, ['--platform=linux/arm64']],
  ['extra_hosts', { extraHosts: [{ name: 'a', address: '1.2.3.4' }] }, ['--add-host=a:1.2.3.4']],
  ['ulimits', { ulimits: { nofile: { soft: 1, hard: 2 } } }, ['--ulimit=nofile=1:2']],
  ['additional_contexts', { additionalContexts: { lib: '/lib' } }, ['--build-context', 'lib=/lib']],
  ['tags', { tags: ['x.io/a:1'] }, ['--tag=x.io/a:1']],
];

test.each(flags)('%s reaches buildah', (_, parts, args) => {
  expect(argsOf(parts).join('\n')).toContain(args.join('\n'));
});

test('the ignore file that was found is the one that is used', () => {
  expect(argsOf({}, '/src/web/.dockerignore')).toContain('--ignorefile=/src/web/.dockerignore');
});

test('a failed instruction is named with its file, and its last lines are shown', () => {
  const error = explainFailure({
    service: 'web',
    file: '/src/web/Containerfile',
    lines: [
      'STEP 1/3: FROM debian:13',
      'STEP 2/3: COPY . /app',
      'STEP 3/3: RUN make',
      ...Array.from({ length: 20 }, (_, index) => `line ${index}`),
      'subprocess exited with status 2',
      'Error: building at STEP "RUN make": exit status 2',
    ],
  });
  expect(error.code).toBe('build-failed');
  expect(error.message).toBe('service web: building /src/web/Containerfile failed at step 3/3: RUN make');
  expect(error.detail.why).toBe('exit status 2');
  expect(error.detail.log).toHaveLength(10);
  expect(error.detail.log?.[0]).toBe('line 11');
});

test('a base that cannot be had is named', () => {
  const error = explainFailure({
    service: 'web',
    file: '/src/web/Containerfile',
    lines: [
      '[1/2] STEP 1/2: FROM --platform=linux/amd64 x.io/nope:1 AS build',
      'Error: creating build container: initializing source docker://x.io/nope:1: manifest unknown',
    ],
  });
  expect(error.code).toBe('image-not-found');
  expect(error.message).toBe('service web: x.io/nope:1 cannot be had to build on');
});

test('a Containerfile that buildah cannot read is a failure without a step', () => {
  const error = explainFailure({
    service: 'web',
    file: undefined,
    lines: ['Error: no FROM statement found'],
  });
  expect(error.message).toBe('service web: building the inline Containerfile failed');
  expect(error.detail.why).toBe('no FROM statement found');
});

test('an instruction that is none is said without the inside of the parser', () => {
  const error = explainFailure({
    service: 'web',
    file: '/src/web/Containerfile',
    lines: [
      'STEP 1/2: FROM debian:13',
      'STEP 2/2: RUNN x',
      'time="2026-11-22T14:15:05Z" level=error msg="+(UNHANDLED LOGLEVEL) &imagebuilder.Step{Env:[]string{}}"',
      'Error: building at STEP "RUNN ": Build error: Unknown instruction: "RUNN" &imagebuilder.Step{Env:[]string{}}',
    ],
  });
  expect(error.detail.why).toBe('Build error: Unknown instruction: "RUNN"');
  expect(error.detail.log?.join('\n')).not.toContain('imagebuilder');
});
