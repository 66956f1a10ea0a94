import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import type { BuildModel } from '#spec/model.ts';
import { exec } from './exec.ts';
import { readBases } from './images/containerfile.ts';
import { type BuildFiles, findBuildFiles } from './images/context.ts';
import { repositoryPart } from './images/reference.ts';
import { registriesEnv } from './images/registries.ts';
import {
  type BuildStorage,
  buildahArgv,
  buildahEnv,
  buildStorage,
  isRoot,
  localImages,
  plainId,
  prepareStorage,
  sweep,
  trim,
} from './images/storage.ts';

export interface BuildOrder {
  readonly app: string;
  readonly service: string;
  readonly build: BuildModel;
  readonly storage?: BuildStorage;
  /** Each line that the build prints. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltImage {
  readonly imageId: string;
  /** Its name in the build storage. */
  readonly localName: string;
}

const buildTimeoutMs = 60 * 60_000;

/**
 * Builds a service's image with buildah; unchanged steps come from the layers of earlier builds. Fails with
 * `bad-file` when there is nothing to build from, `image-not-found` when a base is missing and `build-failed`
 * with the instruction that failed and the last lines it printed.
 */
export async function buildImage(order: BuildOrder): Promise<BuiltImage> {
  const { app, service, build, storage = buildStorage(), onLine, signal } = order;
  const files = await findBuildFiles(service, build);
  await checkLocalBases(service, build, files, storage);
  await prepareStorage(storage);
  const localName = `localhost/built/${repositoryPart(app)}/${repositoryPart(service)}:latest`;
  const scratch = await mkdtemp(join(storage.tmp, 'build-'));
  try {
    const file = files.file ?? join(scratch, 'Containerfile');
    if (files.file === undefined) await writeFile(file, files.text);
    const iidFile = join(scratch, 'id');
    const argv = buildahArgv(storage, buildArgs({ build, files, file, iidFile, localName }), isRoot());
    const lines: string[] = [];
    const executed = await exec(argv, {
      env: { ...buildahEnv(storage), ...(await registriesEnv()) },
      timeoutMs: buildTimeoutMs,
      onLine: (line) => {
        lines.push(line);
        if (lines.length > 500) lines.shift();
        onLine?.(line);
      },
      ...(signal ? { signal } : {}),
    });
    if (executed.code !== 0) throw explainFailure({ service, file: files.file, lines });
    await trim(storage);
    return { imageId: plainId(await readFile(iidFile, 'utf8')), localName };
  } catch (error) {
    await sweep(storage);
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** buildah's own arguments for a build. */
export function buildArgs(input: {
  readonly build: BuildModel;
  readonly files: BuildFiles;
  /** The Containerfile, written out when it was given inline. */
  readonly file: string;
  readonly iidFile: string;
  readonly localName: string;
}): string[] {
  const { build, files, file, iidFile, localName } = input;
  const pairs = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  return [
    'build',
    '--layers',
    '--isolation=chroot',
    // The other format, OCI's, has no place for HEALTHCHECK.
    '--format=docker',
    build.pull ? '--pull=always' : '--pull=missing',
    ...(build.noCache ? ['--no-cache'] : []),
    ...(files.ignoreFile === undefined ? [] : [`--ignorefile=${files.ignoreFile}`]),
    ...(build.target === undefined ? [] : [`--target=${build.target}`]),
    ...(build.network === undefined ? [] : [`--network=${build.network}`]),
    ...(build.shmSizeBytes === undefined ? [] : [`--shm-size=${build.shmSizeBytes}b`]),
    ...(build.platforms.length === 0 ? [] : [`--platform=${build.platforms.join(',')}`]),
    ...Object.entries(build.ulimits ?? {}).map(
      ([name, { soft, hard }]) => `--ulimit=${name}=${soft}:${hard}`,
    ),
    ...build.extraHosts.map(({ name, address }) => `--add-host=${name}:${address}`),
    ...pairs('--build-arg', build.args),
    ...pairs('--label', build.labels),
    ...pairs('--build-context', build.additionalContexts),
    ...[localName, ...build.tags].map((tag) => `--tag=${tag}`),
    `--iidfile=${iidFile}`,
    `--file=${file}`,
    build.context,
  ];
}

/** What failed and where, from what buildah printed. */
export function explainFailure(input: {
  readonly service: string;
  readonly file: string | undefined;
  readonly lines: readonly string[];
}): BallastError {
  const { service, file = 'the inline Containerfile' } = input;
  // buildah shows the inside of its parser, and says everything twice then.
  const lines = input.lines
    .filter((line) => !line.includes('(UNHANDLED LOGLEVEL)'))
    .map((line) => line.replace(/ &imagebuilder\.Step\{.*$/, ''));
  const step = lines.map(readStep).findLast((found) => found !== undefined);
  const message = lines.findLast((line) => line.startsWith('Error: '))?.slice('Error: '.length);
  const log = lines.filter((line) => !line.startsWith('subprocess exited')).slice(-10);
  const image = /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(step?.instruction ?? '')?.[1];
  if (step && image !== undefined) {
    return new BallastError('image-not-found', `service ${service}: ${image} cannot be had to build on`, {
      ...(message === undefined ? {} : { why: message }),
      fix: `correct ${step.instruction} in ${file}, or log in to its registry with skopeo login`,
      log,
    });
  }
  const at = step ? ` at step ${step.number}: ${step.instruction}` : '';
  return new BallastError('build-failed', `service ${service}: building ${file} failed${at}`, {
    ...(message === undefined ? {} : { why: reason(message) }),
    fix: 'correct it and deploy again; nothing was changed on the fleet',
    log,
  });
}

/** An image named localhost/… is nowhere but here: asking a registry for it would only take time. */
async function checkLocalBases(
  service: string,
  build: BuildModel,
  files: BuildFiles,
  storage: BuildStorage,
): Promise<void> {
  const bases = readBases(files.text, build.args).filter((base) => base.startsWith('localhost/'));
  if (bases.length === 0) return;
  const images = await localImages(storage);
  const missing = bases.find((base) => !images.has(base) && !images.has(`${base}:latest`));
  if (missing === undefined) return;
  throw new BallastError('image-not-found', `service ${service}: there is no image ${missing} to build on`, {
    why: `${files.file ?? 'the inline Containerfile'} builds on it, and names that begin with localhost/ are looked for in Ballast's build storage alone`,
    fix: missing.startsWith('localhost/ballast/')
      ? 'make the base images with: npm run base-images'
      : `build it first, with buildah --root ${storage.root} --runroot ${storage.runRoot} build -t ${missing} …, or build on an image from a registry`,
  });
}

function readStep(line: string): { number: string; instruction: string } | undefined {
  const match = /^(?:\[\d+\/\d+\] )?STEP (\d+\/\d+): (.*)$/.exec(line);
  return match ? { number: match[1] ?? '', instruction: match[2] ?? '' } : undefined;
}

/** buildah's message without the instruction, which is said already. */
const reason = (message: string): string => message.replace(/^(?:error )?building at STEP ".*": /s, '');
