import { createReadStream, statSync } from 'node:fs';
import { digestOf } from '#base/digest.ts';
import { fileStamp } from '#provider/local/seed.ts';
import type { SeedFile } from '#provider/port.ts';
import type { IncusApi } from './api.ts';

const fileMs = 10 * 60_000;

/** Stands for each of the files; equal texts, equal files. */
export const seedOf = (seed: readonly SeedFile[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    seed.map(({ path, mode, content = null, copyOf, linkTo = null }) => [
      path,
      digestOf([mode, content, linkTo, copyOf === undefined ? null : fileStamp(copyOf)]),
    ]),
  );

/** Puts files into an instance, whether it runs or not; the directories they are in are made. */
export async function pushFiles(
  api: IncusApi,
  instance: string,
  files: readonly SeedFile[],
  signal: AbortSignal,
): Promise<void> {
  const there = new Set<string>(['']);
  for (const file of files) {
    await makeDirectories(api, { instance, path: file.path, there }, signal);
    // Replaced, not written to: it may be a link, or a program that runs.
    await api.send({ method: 'DELETE', path: fileUrl(instance, file.path) }, signal).catch(() => {});
    await pushFile(api, instance, file, signal);
  }
}

async function pushFile(
  api: IncusApi,
  instance: string,
  { path, mode, content = '', copyOf, linkTo }: SeedFile,
  signal: AbortSignal,
): Promise<void> {
  const headers = headersOf(linkTo === undefined ? 'file' : 'symlink', mode);
  const question = { method: 'POST', path: fileUrl(instance, path), timeoutMs: fileMs } as const;
  if (copyOf === undefined) {
    await api.send(
      { ...question, body: linkTo ?? content, headers: { ...headers, 'content-type': octets } },
      signal,
    );
    return;
  }
  const length = { 'content-length': String(statSync(copyOf).size), 'content-type': octets };
  await api.send({ ...question, body: createReadStream(copyOf), headers: { ...headers, ...length } }, signal);
}

async function makeDirectories(
  api: IncusApi,
  {
    instance,
    path,
    there,
  }: { readonly instance: string; readonly path: string; readonly there: Set<string> },
  signal: AbortSignal,
): Promise<void> {
  const parts = path.split('/').slice(1, -1);
  for (let n = 1; n <= parts.length; n += 1) {
    const dir = `/${parts.slice(0, n).join('/')}`;
    if (there.has(dir)) continue;
    const url = fileUrl(instance, dir);
    if ((await api.get(url, signal)) === undefined) {
      await api.send({ method: 'POST', path: url, headers: headersOf('directory', 0o755) }, signal);
    }
    there.add(dir);
  }
}

const octets = 'application/octet-stream';

const fileUrl = (instance: string, path: string): string =>
  `/1.0/instances/${instance}/files?path=${encodeURIComponent(path)}`;

const headersOf = (type: string, mode: number): Record<string, string> => ({
  'X-Incus-type': type,
  'X-Incus-mode': `0${mode.toString(8)}`,
  'X-Incus-uid': '0',
  'X-Incus-gid': '0',
  'X-Incus-write': 'overwrite',
});
