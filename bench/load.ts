/** A way to a server, as seen from a shell on a machine. */
export interface Path {
  /** Command that enters the network it begins in. */
  readonly enter: readonly string[];
  readonly url: string;
}

/** What came of asking along one way. */
export interface Load {
  /** 8 connections that are kept. */
  readonly requestsPerSecond: number;
  /** One request after the other, each with a connection of its own. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** One large file, where the way can be asked for it. */
  readonly mibPerSecond?: number;
}

const many = 4_000;
const single = 1_000;

/** Asks with ApacheBench, which machines have for their registry. `shell` runs a script on the machine. */
export async function underLoad(
  shell: (script: string) => Promise<string>,
  { enter, url }: Path,
  name: string,
): Promise<Load> {
  const ab = [...enter, 'ab', '-q', '-r'].join(' ');
  const kept = await shell(`${ab} -k -c 8 -n ${many} ${url}`);
  const list = `/tmp/ab-${name}.csv`;
  const alone = await shell(`${ab} -c 1 -n ${single} -e ${list} ${url} >/dev/null && cat ${list}`);
  const big = await shell(`${ab} -c 1 -n 4 ${url}big`).catch(() => '');
  const whole = /Failed requests:\s+0\b/.test(big) && !/Non-2xx/.test(big);
  const mib = whole ? Number(/Transfer rate:\s+([\d.]+)/.exec(big)?.[1]) / 1024 : Number.NaN;
  return {
    requestsPerSecond: numberAfter(kept, /Requests per second:\s+([\d.]+)/),
    medianMs: numberAfter(alone, /^50,([\d.]+)$/m),
    p99Ms: numberAfter(alone, /^99,([\d.]+)$/m),
    ...(Number.isNaN(mib) ? {} : { mibPerSecond: mib }),
  };
}

function numberAfter(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined || /Non-2xx|Document Length:\s+0 /.test(text))
    throw new Error(`ab did not get what it asked for:\n${text}`);
  return Number(found);
}
