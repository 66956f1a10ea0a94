import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DriftRules, Manifest, Resource } from '#compile/manifest.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import type { AgentReport, FromAgent, ToAgent } from '#wire/agent-messages.ts';
import { serverName } from '#wire/connection.ts';
import { fromAgent } from '#wire/message-schemas.ts';

type Event = Extract<FromAgent, { kind: 'event' }>['event'];
type Omitted<T> = T extends unknown ? Omit<T, 'stream'> : never;
type Request = Omitted<Extract<ToAgent, { kind: 'logs' | 'exec' | 'delete-volume' | 'repair' }>>;

/** Just enough of a server to lead one agent: it signs, sends what a test says and remembers what it is told. */
export interface ControlPlane {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
  readonly events: readonly Event[];
  readonly violations: readonly string[];
  readonly report: () => AgentReport | undefined;
  readonly isConnected: () => boolean;
  readonly enrolments: () => number;
  /** Sends resources as the next generation, and answers with its number. */
  readonly give: (resources: readonly Resource[], more?: Partial<Given>) => number;
  readonly send: (message: ToAgent) => void;
  readonly ask: (request: Request) => Asked;
  /** Settles when the newest report is as wanted; fails with that report when it never is. */
  readonly until: (wanted: (report: AgentReport) => boolean, timeoutMs?: number) => Promise<AgentReport>;
  readonly drop: () => void;
  /** Takes no new connection, as a server that is stopped; what is open stays until it is dropped. */
  readonly deaf: () => void;
  /** Listens again, where it did. */
  readonly hearing: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Given {
  readonly epoch: number;
  readonly generation: number;
  readonly secrets: Readonly<Record<string, string>>;
  readonly drift: DriftRules;
}

export interface Asked {
  readonly output: () => string;
  readonly lines: () => readonly string[];
  readonly write: (text: string | null) => void;
  readonly cancel: () => void;
  readonly end: Promise<{ readonly code: number; readonly error?: string }>;
}

export async function startControlPlane(machine: string, host: string): Promise<ControlPlane> {
  const pair = await makeAuthority('test', Date.now());
  const authority = await openAuthority(pair, Date.now);
  const tls = await authority.forServer([serverName, host], 3_600_000);
  const token = 'one-time-token';
  const events: Event[] = [];
  const violations: string[] = [];
  const asked = new Map<number, { hear: (message: FromAgent) => void }>();
  const waiting = new Set<() => void>();
  let generation = 0;
  let newest: ToAgent | undefined;
  let report: AgentReport | undefined;
  let socket: WebSocket | undefined;
  let enrolments = 0;
  let streams = 0;

  const server = createServer({
    cert: tls.certificate,
    key: tls.key,
    ca: pair.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on('request', (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const input = JSON.parse(body) as { token: string; csr: string };
      if (input.token !== token || enrolments > 0) {
        response
          .writeHead(401)
          .end(JSON.stringify({ code: 'unauthenticated', what: 'the token is not good' }));
        return;
      }
      enrolments += 1;
      void authority
        .forAgent(input.csr, machine, 'identity')
        .then((certificate) => response.end(JSON.stringify({ certificate, ca: pair.certificate })));
    });
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, raw, head) => {
    const peer = request.socket as import('node:tls').TLSSocket;
    if (!peer.authorized) return raw.destroy();
    sockets.handleUpgrade(request, raw, head, (opened) => {
      socket = opened;
      if (newest) opened.send(JSON.stringify(newest));
      opened.on('message', (data) => hear(JSON.parse(data.toString()) as FromAgent));
    });
  });

  function hear(message: FromAgent): void {
    const checked = fromAgent.safeParse(message);
    if (!checked.success) violations.push(`${message.kind}: ${checked.error.message}`);
    if (message.kind === 'report') report = message.report;
    else if (message.kind === 'event') events.push(message.event);
    else asked.get(message.stream)?.hear(message);
    for (const wake of waiting) wake();
  }

  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ca: pair.certificate,
    token,
    events,
    violations,
    report: () => report,
    isConnected: () => socket?.readyState === 1,
    enrolments: () => enrolments,
    give(resources, more = {}) {
      generation = more.generation ?? generation + 1;
      const rules = more.drift === undefined ? {} : { drift: more.drift };
      const manifest: Manifest = { machine, generation, resources, ...rules };
      newest = { kind: 'manifest', epoch: more.epoch ?? 1, manifest, secrets: more.secrets ?? {} };
      socket?.send(JSON.stringify(newest));
      return generation;
    },
    send: (message) => socket?.send(JSON.stringify(message)),
    ask(request) {
      streams += 1;
      const stream = streams;
      const pieces: Buffer[] = [];
      const lines: string[] = [];
      const end = new Promise<{ code: number; error?: string }>((resolve) => {
        asked.set(stream, {
          hear(message) {
            if (message.kind === 'output') pieces.push(Buffer.from(message.data, 'base64'));
            if (message.kind === 'log') lines.push(message.line.text);
            if (message.kind === 'end') resolve(message);
          },
        });
      });
      socket?.send(JSON.stringify({ ...request, stream }));
      const tell = (message: ToAgent) => socket?.send(JSON.stringify(message));
      return {
        output: () => Buffer.concat(pieces).toString(),
        lines: () => lines,
        write: (text) =>
          tell(
            text === null
              ? { kind: 'stdin-end', stream }
              : { kind: 'stdin', stream, data: Buffer.from(text).toString('base64') },
          ),
        cancel: () => tell({ kind: 'cancel', stream }),
        end,
      };
    },
    until: async (wanted, timeoutMs = 30_000) =>
      await new Promise<AgentReport>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`not so within ${timeoutMs} ms; last report: ${JSON.stringify(report, null, 1)}`));
        }, timeoutMs);
        const look = (): void => {
          if (report === undefined || !wanted(report)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(report);
        };
        waiting.add(look);
        look();
      }),
    drop: () => socket?.terminate(),
    // Ends only when the last connection does, and is not waited for: what is open is to stay.
    deaf: () => void server.close(),
    hearing: async () => await new Promise<void>((resolve) => server.listen(port, host, resolve)),
    async close() {
      // Also those that were cut off by a partition and never ended.
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
