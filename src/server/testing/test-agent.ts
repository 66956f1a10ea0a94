import { WebSocket } from 'ws';
import type { MachineFacts } from '#plan/model.ts';
import type { AgentReport, FromAgent, ToAgent } from '#wire/agent-messages.ts';
import { createClient } from '#wire/client.ts';
import { type Connection, tlsOptions } from '#wire/connection.ts';
import { sockets } from '#wire/operations.ts';
import type { Enrolment } from '#wire/views.ts';
import { certificateRequest } from './certificate-request.ts';

export const someFacts: MachineFacts = {
  hostname: 'm',
  cpus: 4,
  memoryBytes: 8 * 1024 ** 3,
  diskFreeBytes: 1024 ** 3,
  arch: 'x86_64',
  os: 'Debian 13',
  kernel: '6.12',
  podman: '5.4.2',
  agent: 'test',
  bootId: 'b',
};

export const emptyReport: AgentReport = {
  generation: 0,
  converged: 0,
  facts: someFacts,
  replicas: {},
  failures: [],
};

/** Exchanges an enrolment for the connection of an agent. */
export async function joinFleet(enrolment: Enrolment): Promise<Connection> {
  const { server, ca, token } = enrolment;
  const { csr, key } = await certificateRequest('anything');
  const client = createClient({ server, ca });
  const { certificate } = await client.call('enrol', { token, csr });
  client.close();
  return { server, ca, cert: certificate, key };
}

/** The agent's end of the connection, played by a test. */
export interface TestAgent {
  readonly socket: WebSocket;
  readonly received: readonly ToAgent[];
  readonly say: (message: FromAgent) => void;
  readonly report: (report: Partial<AgentReport>) => void;
  /** The next message of a kind, from all that came and will come; each is given once. */
  readonly next: <K extends ToAgent['kind']>(kind: K) => Promise<Extract<ToAgent, { kind: K }>>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export async function connectAgent(connection: Connection): Promise<TestAgent> {
  const url = new URL(sockets.agent, connection.server);
  url.protocol = 'wss:';
  const socket = new WebSocket(url, tlsOptions(connection));
  const received: ToAgent[] = [];
  const given = new Set<ToAgent>();
  let wake: (() => void)[] = [];
  socket.on('message', (raw: Buffer) => {
    received.push(JSON.parse(raw.toString('utf8')) as ToAgent);
    for (const each of wake.splice(0)) each();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
    socket.once('unexpected-response', (_, response) =>
      reject(new Error(`refused with ${response.statusCode ?? 0}`)),
    );
  });
  socket.on('error', () => {});
  const say = (message: FromAgent) => socket.send(JSON.stringify(message));
  return {
    ...{ socket, received, say, closed },
    report: (report) => say({ kind: 'report', report: { ...emptyReport, ...report } }),
    async next(kind) {
      for (;;) {
        const found = received.find((message) => message.kind === kind && !given.has(message));
        if (found !== undefined) {
          given.add(found);
          return found as Extract<ToAgent, { kind: typeof kind }>;
        }
        await new Promise<void>((resolve) => (wake = [...wake, resolve]));
      }
    },
  };
}
