import { readFile } from 'node:fs/promises';
import { isSea } from 'node:sea';
import { exec, run } from '#host/exec.ts';
import type { Tried, TriesInside, Try } from './tries.ts';

const tryMs = 15_000;

/** The process that a replica's container runs; throws when it does not run. */
export async function processOf(replica: string): Promise<number> {
  const argv = ['podman', 'inspect', '--type', 'container', '--format', '{{.State.Pid}}', replica];
  const { code, stdout } = await exec(argv, { timeoutMs: 20_000 });
  const pid = Number(stdout.trim());
  if (code !== 0 || !(pid > 0)) throw new Error(`the container ${replica} does not run`);
  return pid;
}

/** Tries all at once from within a replica's network. */
export async function tryFrom(
  replica: string,
  tries: readonly Try[],
  signal: AbortSignal,
): Promise<readonly Tried[]> {
  const pid = await processOf(replica);
  const resolver = await readFile(`/proc/${pid}/root/etc/resolv.conf`, 'utf8').catch(() => '');
  const input = JSON.stringify({ ...resolverOf(resolver), tries } satisfies TriesInside);
  const argv = ['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...ownCommand(), 'network-try'];
  return JSON.parse(await run(argv, { input, signal, timeoutMs: tryMs })) as readonly Tried[];
}

/** Reads a resolv.conf. */
export function resolverOf(text: string): Pick<TriesInside, 'servers' | 'search'> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const of = (key: string) => lines.filter(([first]) => first === key).map(([, ...rest]) => rest);
  return { servers: of('nameserver').flatMap(([server]) => server ?? []), search: of('search').at(-1) ?? [] };
}

/** This program: one executable, or what node runs. */
const ownCommand = (): readonly string[] =>
  isSea() ? [process.execPath] : [process.execPath, process.argv[1] ?? ''];
