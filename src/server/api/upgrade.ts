import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { BallastError, toWire } from '#base/errors.ts';
import { authorize, nameOf, principalOf, revokedPeer } from '#server/auth.ts';
import type { Hub } from '#server/hub.ts';
import type { FleetState } from '#server/state.ts';
import { sockets } from '#wire/operations.ts';
import { peerOf } from '#wire/peer.ts';
import { relayExec } from './exec-relay.ts';

/** Longest message an agent or a terminal may send. A report of many replicas with their logs is the largest. */
const messageBytesMax = 8 << 20;

/** Answers requests that ask for a WebSocket: agents and terminals, each with its own role. */
export function createUpgrade(state: FleetState, hub: Hub) {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
  });
  const refusedOnce = new Set<string>();
  const execPath = new RegExp(`^${sockets.exec.replace(':app', '([^/]+)')}$`);

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'https://server');
    const principal = await principalOf(state, request);
    const app = execPath.exec(pathname)?.[1];
    if (pathname === sockets.agent) {
      if (principal === undefined) await refuseRevoked(request);
      authorize(principal, 'agent', sockets.agent);
      if (principal?.kind !== 'agent') return;
      const { machine } = principal;
      const peer = peerOf(request.headers, request.socket.remoteAddress);
      await hub.admit(machine, peer);
      // Meanwhile it may have been put out.
      authorize(await principalOf(state, request), 'agent', sockets.agent);
      server.handleUpgrade(request, socket, head, (ws) => hub.attach(machine, ws, peer));
    } else if (app !== undefined) {
      authorize(principal, 'user', sockets.exec);
      const parts = { state, hub, by: nameOf(principal) };
      server.handleUpgrade(request, socket, head, (ws) => void relayExec(ws, decodeURIComponent(app), parts));
    } else {
      authorize(principal, 'user', pathname);
      throw new BallastError('not-found', `there is no WebSocket at ${pathname}`);
    }
  }

  /** A machine that was replaced or put out is told so, and so are people, once. */
  async function refuseRevoked(request: IncomingMessage): Promise<void> {
    const known = await revokedPeer(state, request);
    if (known === undefined) return;
    const { machine, why, identity } = known;
    const { address = '' } = peerOf(request.headers, request.socket.remoteAddress);
    if (!refusedOnce.has(identity)) {
      refusedOnce.add(identity);
      const what = `a machine that was ${machine} came back (${address}) and was refused: ${why}`;
      await state.tell({ kind: 'machine-refused', machine, what });
    }
    throw new BallastError('unauthenticated', `this machine is no longer ${machine}`, {
      why: `${why}, and its identity is void for ever`,
      fix: 'drop what it holds, on it: `ballast agent --leave`; then it may be let in anew',
    });
  }

  return {
    handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      socket.on('error', () => socket.destroy());
      upgrade(request, socket, head).catch((cause: unknown) => refuse(socket, cause));
    },
    close(): void {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function refuse(socket: Duplex, cause: unknown): void {
  const error = cause instanceof BallastError ? cause : new BallastError('internal', 'the server failed');
  const body = JSON.stringify(toWire(error));
  socket.end(
    `HTTP/1.1 ${error.http} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
