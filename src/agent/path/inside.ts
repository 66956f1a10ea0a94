import { Resolver } from 'node:dns/promises';
import { text } from 'node:stream/consumers';
import { knock } from '#host/knock.ts';
import type { Tried, TriesInside, Try } from './tries.ts';

const resolveMs = 1_000;
const resolveTries = 2;

/** A whole process of its own, since a process has one network: started by `nsenter` within a container's. */
export async function tryInside(): Promise<void> {
  const asked = JSON.parse(await text(process.stdin)) as TriesInside;
  const answers = await Promise.all(asked.tries.map((one) => answer(one, asked)));
  process.stdout.write(JSON.stringify(answers));
}

async function answer(one: Try, asked: TriesInside): Promise<Tried> {
  if (one.kind === 'connect') return await timedKnock(one.address, one.port);
  return await resolve(one.name, asked);
}

/** How a connection ends, and how long that took. */
export async function timedKnock(address: string, port: number): Promise<Tried> {
  const begin = performance.now();
  const outcome = await knock(address, port);
  return { kind: 'connect', outcome, ms: Math.round((performance.now() - begin) * 10) / 10 };
}

/** The name as it stands if it has dots, then within each domain that is searched, as the C library does. */
async function resolve(name: string, { servers, search }: TriesInside): Promise<Tried> {
  const resolver = new Resolver({ timeout: resolveMs, tries: resolveTries });
  if (servers.length === 0)
    return { kind: 'resolve', servers, addresses: [], trouble: 'the container has no name server' };
  resolver.setServers(servers);
  const within = search.map((domain) => `${name}.${domain}`);
  let trouble: string | undefined;
  for (const full of name.includes('.') ? [name, ...within] : [...within, name]) {
    try {
      return { kind: 'resolve', servers, addresses: (await resolver.resolve4(full)).sort() };
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND' || code === 'ENODATA') continue;
      trouble ??= code;
      // Who does not answer for one name does not for the next.
      if (code === 'ETIMEOUT' || code === 'ECONNREFUSED') break;
    }
  }
  return { kind: 'resolve', servers, addresses: [], ...(trouble === undefined ? {} : { trouble }) };
}
