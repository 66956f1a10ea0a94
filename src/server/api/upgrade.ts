import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { BallastError, toWire } from '#base/errors.ts';
import { authorize, nameOf, principalOf } from '#server/auth.ts';
import type { Hub } from '#server/hub.ts';
import type { FleetState } from '#server/state.ts';
import { sockets } from '#wire/operations.ts';
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
  const execPath = new RegExp(`^${sockets.exec.replace(':app', '([^/]+)')}$`);

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'https://server');
    const principal = await principalOf(state, request);
    const app = execPath.exec(pathname)?.[1];
    if (pathname === sockets.agent) {
      authorize(principal, 'agent', sockets.agent);
      if (principal?.kind !== 'agent') return;
      const { machine } = principal;
      server.handleUpgrade(request, socket, head, (ws) => hub.attach(machine, ws));
    } else if (app !== undefined) {
      authorize(principal, 'user', sockets.exec);
      const parts = { state, hub, by: nameOf(principal) };
      server.handleUpgrade(request, socket, head, (ws) => void relayExec(ws, decodeURIComponent(app), parts));
    } else {
      authorize(principal, 'user', pathname);
      throw new BallastError('not-found', `there is no WebSocket at ${pathname}`);
    }
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
