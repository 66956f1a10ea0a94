/** The name every server holds a certificate for, whatever address it is reached by. */
export const serverName = 'ballast-server';

/** How a fleet's server is reached. All but the URL is PEM or a token; nothing else is trusted. */
export interface Connection {
  /** `https://192.0.2.1:7443`. */
  readonly server: string;
  /** The fleet's certificate authority: the only one that is believed. */
  readonly ca: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  /** What the user calls it, for messages: `context demo`. */
  readonly label?: string;
}

/** The server as messages name it: `https://192.0.2.1:7443 (context demo)`. */
export const showServer = ({ server, label }: Connection): string =>
  label === undefined ? server : `${server} (${label})`;

/** What TLS needs: the pinned authority, the name every server of ours has, and who we are. */
export interface TlsOptions {
  readonly ca: string;
  readonly servername: string;
  readonly minVersion: 'TLSv1.3';
  readonly cert?: string;
  readonly key?: string;
}

export function tlsOptions({ ca, cert, key }: Connection): TlsOptions {
  return {
    ca,
    servername: serverName,
    minVersion: 'TLSv1.3',
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

export const authorization = ({ token }: Connection): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
