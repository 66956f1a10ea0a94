import { X509Certificate } from 'node:crypto';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IncusAccess } from '#provider/incus/connection.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';

/**
 * What becomes of a request: `lost`: it never arrives. `unanswered`: it is done, and the connection breaks before the
 * answer. `failed`: it is not done, and the answer is an error. `pass`: nothing happens to it.
 */
export type Fate = 'pass' | 'lost' | 'unanswered' | 'failed';

export interface FaultyProxy {
  readonly access: IncusAccess;
  /** Decides over each request from now on, by its number from 1. */
  readonly decide: (fate: (number: number, method: string) => Fate) => void;
  readonly close: () => Promise<void>;
}

/** Stands before a real Incus server, and lets things go wrong. */
export async function startFaultyProxy(real: IncusAccess): Promise<FaultyProxy> {
  const authority = await openAuthority(await makeAuthority('proxy', Date.now()), Date.now);
  const { certificate, key } = await authority.forServer(['127.0.0.1'], 3_600_000);
  let fateOf: (number: number, method: string) => Fate = () => 'pass';
  let count = 0;
  const server = createServer({ cert: certificate, key }, (incoming, outgoing) => {
    count += 1;
    const fate = fateOf(count, incoming.method ?? '');
    if (fate === 'lost') return void incoming.socket.destroy();
    if (fate === 'failed') {
      incoming.resume();
      outgoing.writeHead(500, { 'content-type': 'application/json' });
      return void outgoing.end('{"type":"error","error":"out of luck","error_code":500}');
    }
    const forwarded = request(
      new URL(incoming.url ?? '/', real.url),
      {
        ...{ method: incoming.method, headers: incoming.headers, agent: false },
        ...{ cert: real.certificate, key: real.key, rejectUnauthorized: false },
      },
      (answer) => {
        if (fate === 'unanswered') {
          answer.resume();
          answer.on('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    access: {
      ...{ name: 'lab', url: `https://127.0.0.1:${port}`, certificate: real.certificate, key: real.key },
      fingerprint: new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase(),
    },
    decide(fate) {
      count = 0;
      fateOf = fate;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
