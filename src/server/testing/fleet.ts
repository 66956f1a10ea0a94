import type { ContainerResource } from '#compile/manifest.ts';
import type { ReplicaReport } from '#plan/model.ts';
import { outputSchemas } from '#wire/schemas.ts';
import type { RolloutView } from '#wire/views.ts';
import { connectAgent, emptyReport, joinFleet, type TestAgent } from './test-agent.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const open: (() => Promise<void>)[] = [];

/** Ends all servers and agents that tests have started. */
export async function closeFleets(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

/** Has something ended with the rest. */
export const closeLater = (close: () => Promise<void>): void => void open.push(close);

/** A server with agents that have joined and report an empty machine. */
export async function serverWith(
  machines: number,
): Promise<{ server: TestServer; agents: readonly TestAgent[] }> {
  const server = await startTestServer();
  open.push(async () => await server[Symbol.asyncDispose]());
  const agents: TestAgent[] = [];
  for (let i = 1; i <= machines; i += 1) agents.push((await joinedAgent(server, i)).agent);
  return { server, agents };
}

async function joinedAgent(server: TestServer, i: number) {
  const enrolment = await server.client.call('addMachine', {
    name: `m-${i}`,
    provider: 'ssh',
    address: `192.0.2.${i}`,
  });
  const connection = await joinFleet({ ...enrolment, server: server.url });
  const agent = await connectAgent(connection);
  open.push(async () => agent.socket.terminate());
  agent.report({});
  return { agent, connection };
}

/** Plays an agent that does as it is told, at once. */
export function obey(
  agent: TestAgent,
  odd: (id: string) => Partial<ReplicaReport> | undefined = () => undefined,
): void {
  const replicasSeen = new Map<string, number>();
  agent.socket.on('message', () => {
    const message = agent.received.at(-1);
    if (message?.kind !== 'manifest') return;
    const containers = message.manifest.resources.filter(
      (each): each is ContainerResource => each.kind === 'container',
    );
    const now = Object.fromEntries(
      containers.map(({ name }) => {
        const since = replicasSeen.get(name) ?? Date.now();
        replicasSeen.set(name, since);
        return [
          name,
          { id: name, state: 'running', since, restarts: 0, ...odd(name) } satisfies ReplicaReport,
        ];
      }),
    );
    const { generation } = message.manifest;
    agent.report({ ...emptyReport, generation, converged: generation, replicas: now });
  });
}

/** All snapshots of a rollout, to its end. */
export async function rollout(server: TestServer, app: string): Promise<readonly RolloutView[]> {
  const views: RolloutView[] = [];
  for await (const view of server.client.stream(
    'watchRollout',
    { app },
    { signal: AbortSignal.timeout(15_000) },
  )) {
    outputSchemas.watchRollout.parse(view);
    views.push(view);
  }
  return views;
}
