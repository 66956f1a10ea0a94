import { isIP } from 'node:net';
import { BallastError } from '#base/errors.ts';
import { exec } from './exec.ts';

interface Route {
  readonly type?: string;
  readonly dev?: string;
}

/**
 * To be called before every connection to a local machine. Passes only when traffic for `address` stays on this
 * computer: by loopback, or by the link that leads to the fleet's local machines (any such link when none is named).
 * When that link is gone, other routes may lead the same address out to strangers.
 */
export async function guardLink(address: string, link?: string): Promise<void> {
  if (address === 'localhost') return;
  if (isIP(address) === 0) {
    throw new BallastError('unreachable', `${address} is no address`, {
      why: 'connections to local machines are made by address, so that their way can be checked',
    });
  }
  const { code, stdout, stderr } = await exec(['ip', '-j', 'route', 'get', address], { timeoutMs: 10_000 });
  const why = code === 0 ? judgeRoute(stdout, link) : stderr.trim() || 'there is no route';
  if (why === undefined) return;
  throw new BallastError('unreachable', `${address} is not reached inside this computer`, {
    why,
    fix: `bring the local machines' network up again: ballast machine ls shows which machines run`,
  });
}

/** Why the route, as `ip -j route get` tells it, must not be used; undefined when it may. */
export function judgeRoute(text: string, link?: string): string | undefined {
  const [route] = JSON.parse(text || '[]') as Route[];
  if (!route) return 'there is no route';
  if (route.type === 'unreachable' || route.type === 'blackhole' || route.type === 'prohibit') {
    return 'the network of the local machines is down';
  }
  const { dev = 'nowhere' } = route;
  if (dev === 'lo' || (link === undefined ? dev.startsWith('bl-') : dev === link)) return undefined;
  return `its traffic would leave by ${dev}, not by ${link ?? 'the link of a local fleet'}`;
}
