import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#host/exec.ts';
import { buildahArgv, buildahEnv, buildStorage, isRoot, prepareStorage } from '#host/images/storage.ts';

export const imageName = 'localhost/ballast/bench:1';

/**
 * The image that benches run: one static program that answers on port 8080, so that what is measured is not the
 * app. Left in the build storage under `imageName` and as an OCI archive for the floor.
 */
export async function benchImage(base: string, folder: string, cache: string): Promise<string> {
  const context = join(folder, 'image');
  const archive = join(folder, 'bench.oci');
  await mkdir(context, { recursive: true });
  await copyFile(join(base, 'usr/bin/busybox'), join(context, 'busybox'));
  await writeFile(
    join(context, 'Containerfile'),
    `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /www /tmp /etc && echo hello > /www/index.html
CMD ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
`,
  );
  const storage = buildStorage(cache);
  const buildah = (...words: string[]): Promise<string> =>
    run(buildahArgv(storage, words, isRoot()), { env: buildahEnv(storage), timeoutMs: 300_000 });
  await prepareStorage(storage);
  await buildah('bud', '-q', '--isolation', 'chroot', '-t', imageName, context);
  await buildah('push', '-q', imageName, `oci-archive:${archive}`);
  return archive;
}

/** An app of services with `replicas` each, all of the bench image. */
export function composeText(name: string, services: readonly string[], replicas: number): string {
  const body = services.map(
    (service) => `  ${service}:
    image: ${imageName}
    init: true
    stop_grace_period: 1s
    x-ballast: { health: { path: /, port: 8080, interval: 5s } }
    deploy: { replicas: ${replicas}, update_config: { monitor: 0s } }
`,
  );
  return `name: ${name}\nservices:\n${body.join('')}`;
}
