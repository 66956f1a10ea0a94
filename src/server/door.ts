import { must } from '#base/assert.ts';
import { nthAddress, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { type Endpoint, isWildcard, portUsual, urlOf } from './addresses.ts';
import type { Door } from './control/machines.ts';
import type { FleetState } from './state.ts';

/** The way in, as machines and people are told it. */
export interface ServerDoor extends Door {
  /** Now it is known where the server listens. */
  readonly listening: (bound: readonly Endpoint[]) => void;
  readonly port: () => number;
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
  return {
    ca,
    port,
    listening: (now) => {
      bound = now;
    },
    urlFor(provider) {
      if (provider === 'local')
        return urlOf({ host: gatewayOf(state.policy.fleet.network.machines), port: port() });
      const told = advertised[0];
      if (told !== undefined) return urlOf({ host: told.host, port: told.port === 0 ? port() : told.port });
      const [first] = bound;
      const outside = bound.find(
        ({ host }) => !isWildcard(host) && !host.startsWith('127.') && host !== '::1',
      );
      return urlOf(outside ?? must(first, 'an address to listen on'));
    },
  };
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
