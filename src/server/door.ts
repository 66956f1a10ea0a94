import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { must } from '#base/assert.ts';
import { contains, nthAddress, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { type Endpoint, isWildcard, portUsual, urlOf } from './addresses.ts';
import type { Door } from './control/machines.ts';
import type { FleetState } from './state.ts';

/** The way in, as machines and people are told it. */
export interface ServerDoor extends Door {
  /** Now it is known where the server listens. */
  readonly listening: (bound: readonly Endpoint[]) => void;
  readonly port: () => number;
  /** The URL for machines of which nothing is known yet; `reachedAt` is how a person came to the server. */
  readonly urlForStrangers: (reachedAt: string | undefined) => string;
  /** The URL that admin.json names. */
  readonly forPeople: () => string;
}

export function doorOf({
  state,
  ca,
  advertised,
}: {
  readonly state: FleetState;
  readonly ca: string;
  readonly advertised: readonly Endpoint[];
}): ServerDoor {
  let bound: readonly Endpoint[] = [];
  const port = () => bound[0]?.port ?? portUsual;
  const toldUrl = (told: Endpoint) => urlOf({ host: told.host, port: told.port === 0 ? port() : told.port });
  return {
    ca,
    port,
    listening: (now) => {
      bound = now;
    },
    forPeople() {
      const [told] = advertised;
      return told === undefined ? urlOf(must(bound[0], 'an address to listen on')) : toldUrl(told);
    },
    urlForStrangers(reachedAt) {
      const [told] = advertised;
      if (told !== undefined) return toldUrl(told);
      const open = bound.find(({ host }) => !isLoopback(host) && !isWildcard(host));
      if (open !== undefined) return urlOf(open);
      const came = reachedAt !== undefined && URL.canParse(reachedAt) ? new URL(reachedAt) : undefined;
      if (came?.protocol === 'https:' && !isLoopback(came.hostname)) return came.origin;
      const { fleet, machines } = state.policy;
      if (Object.values(machines).some((machine) => machine.provider === 'local')) {
        return urlOf({ host: gatewayOf(fleet.network.machines), port: port() });
      }
      throw new BallastError('unreachable', 'nothing says how new machines find the server', {
        why: 'it is reached on an address that is this computer’s own',
        fix: 'tell it: `ballast server --advertise HOST`',
      });
    },
    async urlFor({ provider, address }) {
      if (provider === 'local')
        return urlOf({ host: gatewayOf(state.policy.fleet.network.machines), port: port() });
      const [told] = advertised;
      if (told !== undefined) return toldUrl(told);
      const first = must(bound[0], 'an address to listen on');
      if (isWildcard(first.host)) return urlOf({ host: await sourceAddress(address), port: port() });
      const open = bound.find(({ host }) => !isLoopback(host));
      if (open !== undefined) return urlOf(open);
      const { fleet, machines } = state.policy;
      const near = parseCidr(fleet.network.machines);
      // Where local machines find the server, their neighbours do too.
      const hasLocal = Object.values(machines).some((machine) => machine.provider === 'local');
      if (hasLocal && near && contains(near, address)) {
        return urlOf({ host: gatewayOf(fleet.network.machines), port: port() });
      }
      throw new BallastError('unreachable', `${address} would not find the server`, {
        why: `the server listens on ${first.host} only, which is this computer's own`,
        fix: 'have it listen where machines reach it: `ballast server --listen :7443`, or tell where: --advertise',
      });
    },
  };
}

const isLoopback = (host: string): boolean =>
  host.startsWith('127.') || host === '::1' || host === 'localhost';

/** The address of this computer that a machine sees when it is talked to: asked of the routes, nothing is sent. */
async function sourceAddress(machine: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.connect(9, machine);
    await once(socket, 'connect');
    return socket.address().address;
  } catch (cause) {
    throw new BallastError('unreachable', `there is no way to ${machine} from this server`, {
      cause,
      fix: 'check the address, or tell the server how machines find it: `ballast server --advertise`',
    });
  } finally {
    socket.close();
  }
}

/** This computer's address on the local machines' network: the last usable one. */
export function gatewayOf(network: string): string {
  const cidr = parseCidr(network);
  const address = cidr && nthAddress(cidr, -2);
  if (address !== undefined) return address;
  throw new BallastError('bad-file', `${network} is no network for machines`, {
    fix: 'write it as 10.90.0.0/16',
  });
}
