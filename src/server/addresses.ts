import { networkInterfaces } from 'node:os';
import { BallastError } from '#base/errors.ts';

/** Where the server listens or is reached. Port 0: any that is free. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export const portUsual = 7_443;

/** `192.0.2.1:7443`, `[::1]:7443`, `192.0.2.1` or `:7443`, which means every address. */
export function parseEndpoint(text: string, portDefault = portUsual): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[3] === undefined ? portDefault : Number(match[3]);
  if (!match || port > 65_535 || text === '') {
    throw new BallastError(
      'usage',
      `${text === '' ? 'nothing' : text} is no address to listen on or be reached at`,
      {
        fix: 'write it as 192.0.2.1:7443, [2001:db8::1]:7443 or :7443',
      },
    );
  }
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
}

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

export function urlOf({ host, port }: Endpoint): string {
  const reachable = host === '::' ? '::1' : host === '0.0.0.0' ? '127.0.0.1' : host;
  return `https://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Addresses by which this computer is reached. */
export const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
