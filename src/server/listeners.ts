import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { BallastError } from '#base/errors.ts';
import { serverName } from '#wire/connection.ts';
import { type Endpoint, isWildcard } from './addresses.ts';
import { type Authority, type KeyPair, lifeOf, lifetimes } from './pki/authority.ts';

export interface ListenerOptions {
  readonly authority: Authority;
  readonly now: () => number;
  /** Names and addresses the certificate holds beside those listened on. */
  readonly names: readonly string[];
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const connectionsMax = 4_096;
const checkMs = 3_600_000;

/** The server's TLS sockets. All show one certificate, which is made anew when an address is added or it gets old. */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #servers = new Map<string, Server>();
  readonly #hosts: Set<string>;
  #pair: KeyPair | undefined;
  readonly #renewal: NodeJS.Timeout;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#hosts = new Set(['127.0.0.1', 'localhost', serverName, ...options.names]);
    this.#renewal = setInterval(() => void this.#renew(), checkMs);
    this.#renewal.unref();
  }

  /** Listens; once only on each host, and not again where every address is listened on. Answers with the port. */
  async listen({ host, port }: Endpoint): Promise<Endpoint> {
    const there = this.#servers.get(host);
    if (there !== undefined) return { host, port: portOf(there) };
    if (!isWildcard(host) && !this.#hosts.has(host)) {
      this.#hosts.add(host);
      this.#pair = undefined;
    }
    const { certificate, key } = await this.#certificate();
    for (const server of this.#servers.values()) server.setSecureContext(this.#context());
    const every = [...this.#servers].find(([bound, server]) => isWildcard(bound) && portOf(server) === port);
    if (every !== undefined) return { host, port };
    const server = createServer(
      {
        ...{ cert: certificate, key, ca: this.#options.authority.certificate, minVersion: 'TLSv1.3' },
        // Who comes without a certificate may still hold a token: `auth.ts` decides, for every request alike.
        ...{ requestCert: true, rejectUnauthorized: false },
        ...{
          handshakeTimeout: 10_000,
          headersTimeout: 10_000,
          requestTimeout: 60_000,
          keepAliveTimeout: 30_000,
        },
      },
      this.#options.onRequest,
    );
    server.maxConnections = connectionsMax;
    server.on('upgrade', this.#options.onUpgrade);
    server.on('tlsClientError', () => {}); // whoever it was, it is gone
    await listening(server, { host, port });
    this.#servers.set(host, server);
    return { host, port: portOf(server) };
  }

  /** Stops listening, lets requests end for a moment, then cuts them. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#renewal);
    const all = [...this.#servers.values()];
    const cut = setTimeout(() => {
      for (const server of all) server.closeAllConnections();
    }, graceMs);
    await Promise.all(
      all.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeIdleConnections();
          }),
      ),
    );
    clearTimeout(cut);
  }

  async #certificate(): Promise<KeyPair> {
    this.#pair ??= await this.#options.authority.forServer([...this.#hosts], lifetimes.server);
    return this.#pair;
  }

  #context() {
    const { certificate, key } = this.#pair ?? { certificate: '', key: '' };
    return {
      cert: certificate,
      key,
      ca: this.#options.authority.certificate,
      minVersion: 'TLSv1.3',
    } as const;
  }

  async #renew(): Promise<void> {
    if (this.#pair === undefined || lifeOf(this.#pair.certificate).halfAt > this.#options.now()) return;
    this.#pair = undefined;
    await this.#certificate();
    for (const server of this.#servers.values()) server.setSecureContext(this.#context());
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function listening(server: Server, { host, port }: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why: Record<string, string> = {
        EADDRINUSE: 'another process listens there',
        EADDRNOTAVAIL: 'this computer does not have that address',
        EACCES: 'this user may not use that port',
      };
      reject(
        new BallastError('usage', `the server cannot listen on ${host}:${port}`, {
          cause,
          why: why[cause.code ?? ''] ?? cause.message,
          fix: 'stop the other process, or choose another address with --listen',
        }),
      );
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
