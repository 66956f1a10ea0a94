import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { must } from '#base/assert.ts';
import { exec, run } from '#host/exec.ts';
import { withLoginFiles } from '#host/images/login.ts';
import { peekImages } from '#host/images/peek.ts';
import { pinImages } from '#host/images/pin.ts';
import type { ImageProgress } from '#host/images/pin-work.ts';
import { skopeoArgv } from '#host/images/registries.ts';
import { askDigest } from '#host/images/registry-client.ts';
import { buildStorage, cacheDir } from '#host/images/storage.ts';
import { copyArgs, pushImage, resolveImage } from '#host/skopeo.ts';
import type { AppModel, BuildModel, ServiceModel } from '#spec/model.ts';
import { ensureBaseImages } from '../../scripts/base-images/ensure.ts';
import { type RegistryFleet, startRegistryFleet, writeFileArgv } from './images/registry-fleet.ts';

// Images on real machines: built here, pushed to a registry that runs as compiled, pulled by digest.

const cache = cacheDir();
let fleet: RegistryFleet;
let work = '';

beforeAll(async () => {
  await mkdir(cache, { recursive: true });
  work = await mkdtemp(join(cache, 'test-images-'));
  await ensureBaseImages(['debian:trixie'], () => {}, { cache });
  fleet = await startRegistryFleet(join(work, 'state'), cache);
});

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

const base = 'FROM localhost/ballast/debian:trixie\n';

async function context(name: string, files: Readonly<Record<string, string>>): Promise<BuildModel> {
  const folder = join(work, name);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  return {
    context: folder,
    args: {},
    labels: {},
    noCache: false,
    pull: false,
    additionalContexts: {},
    extraHosts: [],
    platforms: [],
    tags: [],
  };
}

function app(services: Readonly<Record<string, Partial<ServiceModel>>>): AppModel {
  const named = Object.entries(services).map(([name, service]) => [name, { ...service, name }] as const);
  return {
    name: 'shop',
    services: Object.fromEntries(named) as AppModel['services'],
    networks: {},
    volumes: {},
    secrets: {},
    configs: {},
  };
}

async function pin(services: Readonly<Record<string, Partial<ServiceModel>>>) {
  const steps: ImageProgress['step'][] = [];
  const began = performance.now();
  const onProgress = ({ step }: ImageProgress) => steps.push(step);
  const model = await pinImages({ model: app(services), access: fleet.push, onProgress, cache });
  const images = Object.fromEntries(
    Object.entries(model.services).map(([name, service]) => [name, must(service.image, name)]),
  );
  return { model, images, steps: [...new Set(steps)], ms: performance.now() - began };
}

const pull = async (image: string) =>
  await fleet.on('puller', [
    ...['podman', 'pull', '--quiet', '--authfile', '/etc/ballast/registry-auth.json'],
    image,
  ]);

const pathOf = (image: string): string => image.replace(/^[^/]*\//, '').replace(/@.*$/, '');
const digestOf = (image: string): string => image.replace(/^.*@/, '');

test('an app is built, pushed, named by digest, and pulled by digest on a machine', async () => {
  const web = await context('web', {
    Containerfile: `${base}ARG WORD=none\nCOPY hello /hello\nRUN echo "$WORD" > /word\nHEALTHCHECK CMD true\nSTOPSIGNAL SIGINT\nCMD ["/bin/cat", "/hello", "/word"]\n`,
    hello: 'hello\n',
  });
  const { model, images } = await pin({ web: { build: { ...web, args: { WORD: 'fleet' } } } });
  expect(model.services['web']).not.toHaveProperty('build');
  expect(images['web']).toMatch(/^registry\.internal:5000\/shop\/web@sha256:[0-9a-f]{64}$/);
  const image = must(images['web'], 'web');
  expect((await pull(image)).code).toBe(0);
  const ran = await fleet.on('puller', [
    'podman',
    'run',
    '--rm',
    '--network=none',
    '--log-driver=none',
    image,
  ]);
  expect(ran).toEqual({ code: 0, stdout: 'hello\nfleet\n', stderr: '' });
  const config = JSON.parse(
    (await fleet.on('puller', ['podman', 'image', 'inspect', '--format={{json .}}', image])).stdout,
  );
  expect(config.HealthCheck ?? config.Healthcheck).toMatchObject({ Test: ['CMD-SHELL', 'true'] });
  expect(config.Config.StopSignal).toBe('SIGINT');
});

test('nothing is done again while nothing changes, and only what changes is', async () => {
  const a = await context('again-a', { Containerfile: `${base}COPY f /f\n`, f: '1' });
  const b = await context('again-b', { Containerfile: `${base}COPY f /f\n`, f: '1' });
  const services = { a: { build: a }, b: { build: b }, c: { build: a } };
  const first = await pin(services);
  expect(first.images['c']).toBe(first.images['a']);
  const second = await pin(services);
  expect(second.steps).toEqual(['ready']);
  expect(second.images).toEqual(first.images);
  await writeFile(join(a.context, 'f'), '2');
  const third = await pin(services);
  expect(third.images['a']).not.toBe(first.images['a']);
  expect(third.images['b']).toBe(first.images['b']);
});

test('a push that the registry has lost is made again', async () => {
  const lost = await context('lost', { Containerfile: `${base}RUN echo lost > /lost\n` });
  const first = await pin({ lost: { build: lost } });
  const image = must(first.images['lost'], 'lost');
  await fleet.on('keeper', [
    ...['rm', '-rf', `/var/lib/docker-registry/docker/registry/v2/repositories/${pathOf(image)}`],
  ]);
  expect(await askDigest(fleet.push, pathOf(image), digestOf(image))).toBeUndefined();
  const second = await pin({ lost: { build: lost } });
  expect(second.images).toEqual(first.images);
  expect((await pull(image)).code).toBe(0);
});

test('what would be deployed can be told without building it', async () => {
  const seen = await context('seen', { Containerfile: `${base}RUN echo seen > /seen\n` });
  const services = { seen: { build: seen } };
  const before = await peekImages({ model: app(services), access: fleet.push, cache });
  expect(before.unknown).toEqual(['seen']);
  expect(before.model.services['seen']?.image).toBe('registry.internal:5000/shop/seen:made-at-deploy');
  const { model } = await pin(services);
  const after = await peekImages({ model: app(services), access: fleet.push, cache });
  expect(after).toEqual({ model, unknown: [] });
});

test('a Containerfile that fails is shown with the instruction and its last lines', async () => {
  const bad = await context('bad', { Containerfile: `${base}RUN echo before; echo why >&2; exit 3\n` });
  await expect(pin({ web: { build: bad } })).rejects.toMatchObject({
    code: 'build-failed',
    message: expect.stringContaining('failed at step 2/2: RUN echo before; echo why >&2; exit 3'),
    detail: { why: 'exit status 3', log: expect.arrayContaining(['before', 'why']) },
  });
});

test('a base image that is nowhere is named, at once', async () => {
  const bad = await context('no-base', { Containerfile: 'FROM localhost/nowhere:1\n' });
  const began = performance.now();
  await expect(pin({ web: { build: bad } })).rejects.toMatchObject({
    code: 'image-not-found',
    message: 'service web: there is no image localhost/nowhere:1 to build on',
  });
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('an interrupted build leaves no process and no mount', async () => {
  const slow = await context('slow', { Containerfile: `${base}RUN sleep 98765\n` });
  const stop = new AbortController();
  const model = app({ slow: { build: slow } });
  const onProgress = ({ detail = '' }: ImageProgress) => {
    if (detail.includes('sleep 98765')) setTimeout(() => stop.abort(), 300);
  };
  await expect(
    pinImages({ model, access: fleet.push, onProgress, signal: stop.signal, cache }),
  ).rejects.toMatchObject({ code: 'interrupted' });
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(buildStorage(cache).root);
  expect((await run(['ps', '-eo', 'args'])).split('\n')).not.toContain('sleep 98765');
});

test('the pull account cannot push, not even an image that is there', async () => {
  const image = must(
    (await pin({ web: { build: await context('mine', { Containerfile: `${base}RUN echo mine > /m\n` }) } }))
      .images['web'],
    'web',
  );
  const order = { image: 'localhost/built/shop/web:latest', path: pathOf(image), tag: 'stolen' };
  const storage = buildStorage(cache);
  const atPull = { ...fleet.pull };
  const atPush = { ...fleet.pull, address: fleet.push.address };
  for (const access of [atPull, atPush]) {
    await expect(pushImage({ ...order, access, storage })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await askDigest(fleet.push, pathOf(image), 'stolen')).toBeUndefined();
  }
  expect(await askDigest(atPull, pathOf(image), digestOf(image))).toBe(digestOf(image));
  await expect(askDigest(atPush, pathOf(image), digestOf(image))).rejects.toMatchObject({
    code: 'forbidden',
  });
  await expect(
    askDigest({ ...fleet.push, address: fleet.pull.address }, pathOf(image), digestOf(image)),
  ).rejects.toMatchObject({ code: 'forbidden' });
});

test('a registry that is just starting is waited for', async () => {
  const unit = 'ballast-registry-push.service';
  await fleet.on('keeper', ['systemctl', 'stop', unit]);
  let note = '';
  const model = app({ tool: { image: 'localhost/ballast/debian:trixie' } });
  await pinImages({
    model,
    access: fleet.push,
    cache,
    onProgress: ({ step, detail = '' }) => {
      if (step !== 'note') return;
      note += detail;
      void fleet.on('keeper', ['systemctl', 'start', unit]);
    },
  });
  expect(note).toBe("waiting for the fleet's registry");
});

test('a registry that is away is said to be', async () => {
  const away = { ...fleet.push, address: '127.0.0.1:1', link: 'lo' };
  const model = app({ web: { image: 'registry.internal:5000/shop/web:1' } });
  await expect(pinImages({ model, access: away, cache })).rejects.toMatchObject({ code: 'unreachable' });
});

test('an image of the fleet itself is pinned, or said to be missing', async () => {
  const { images } = await pin({
    web: { build: await context('own', { Containerfile: `${base}RUN echo own > /o\n` }) },
  });
  const image = must(images['web'], 'web');
  const named = image.replace('internal:5000', 'internal');
  expect((await pin({ other: { image: named } })).images['other']).toBe(image);
  await expect(pin({ other: { image: 'registry.internal/shop/none:1' } })).rejects.toMatchObject({
    code: 'image-not-found',
    message: 'service other: image registry.internal/shop/none:1 does not exist',
  });
});

test('an image of the build storage is pushed', async () => {
  const first = await pin({ tool: { image: 'localhost/ballast/debian:trixie' } });
  expect(first.images['tool']).toMatch(
    /^registry\.internal:5000\/mirror\/localhost\/ballast\/debian@sha256:/,
  );
  expect((await pin({ tool: { image: 'localhost/ballast/debian:trixie' } })).steps).toEqual(['ready']);
  await expect(pin({ tool: { image: 'localhost/none' } })).rejects.toMatchObject({ code: 'image-not-found' });
});

test("an image from elsewhere is copied once, keeps its digest, and outlives its registry and its tag's move", async () => {
  await using foreign = await startForeign();
  const one = await foreign.publish('1', 'one');
  const name = foreign.image;
  const first = await pin({ cache: { image: name } });
  expect(first.images['cache']).toMatch(/^registry\.internal:5000\/mirror\/[^/]*7000[^/]*\/shop\/cache@/);
  expect(digestOf(must(first.images['cache'], 'cache'))).toBe(one);
  expect(first.steps).toContain('copying');

  const two = await foreign.publish('1', 'two');
  expect(two).not.toBe(one);
  expect((await pin({ cache: { image: name } })).images).toEqual(first.images);
  const moved = await pin({ cache: { image: name, pullPolicy: 'always' } });
  expect(digestOf(must(moved.images['cache'], 'cache'))).toBe(two);
  await expect(resolveImage(`${foreign.repository}:none`)).rejects.toMatchObject({
    code: 'image-not-found',
    message: `image ${foreign.repository}:none does not exist`,
  });

  await foreign.stop();
  expect((await pin({ cache: { image: name } })).images).toEqual(moved.images);
  expect((await pull(must(first.images['cache'], 'cache'))).code).toBe(0);
  await expect(pin({ cache: { image: `${foreign.repository}:9` } })).rejects.toMatchObject({
    code: 'image-not-found',
    message: `service cache: image ${foreign.repository}:9 cannot be resolved`,
  });
});

/** A registry that knows nothing of the fleet: without TLS and accounts, on the other machine. */
async function startForeign() {
  const address = '10.97.20.2:7000';
  const repository = `${address}/shop/cache`;
  const settings = join(work, 'registries.conf');
  await writeFile(settings, `[[registry]]\nlocation = "${address}"\ninsecure = true\n`);
  process.env['CONTAINERS_REGISTRIES_CONF'] = settings;
  const config =
    'version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/foreign}}\nhttp: {addr: ":7000"}\n';
  await fleet.on('puller', [...writeFileArgv, '/etc/foreign.yml', '644', 'root:root'], config);
  await fleet.on('puller', ['systemd-run', '--unit=foreign', 'docker-registry', 'serve', '/etc/foreign.yml']);
  const stop = async () => await fleet.on('puller', ['systemctl', 'stop', 'foreign']);
  await vi.waitFor(async () => expect((await fetch(`http://${address}/v2/`)).status).toBe(200), 10_000);
  return {
    repository,
    image: `${repository}:1`,
    stop,
    async publish(tag: string, word: string): Promise<string> {
      const { images } = await pin({
        [word]: { build: await context(word, { Containerfile: `${base}RUN echo ${word} > /w\n` }) },
      });
      const built = must(images[word], word);
      const from = `docker://${fleet.push.address}/${pathOf(built)}@${digestOf(built)}`;
      await withLoginFiles(fleet.push, async (files) => {
        const digestFile = join(work, 'digest');
        const args = copyArgs({ from, to: `${repository}:${tag}`, files, digestFile });
        const source = [`--src-cert-dir=${files.certDir}`, `--src-authfile=${files.authFile}`];
        expect(await exec(skopeoArgv([...args, ...source]))).toMatchObject({
          code: 0,
          stderr: '',
        });
      });
      return digestOf(built);
    },
    async [Symbol.asyncDispose]() {
      delete process.env['CONTAINERS_REGISTRIES_CONF'];
      await stop();
    },
  };
}
