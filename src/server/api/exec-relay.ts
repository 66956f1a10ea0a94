import type { WebSocket } from 'ws';
import { BallastError } from '#base/errors.ts';
import type { Replica } from '#plan/model.ts';
import type { AgentStream } from '#server/agent-stream.ts';
import { appOf, unknown } from '#server/control/context.ts';
import type { Hub } from '#server/hub.ts';
import type { FleetState } from '#server/state.ts';
import type { ExecStart, ExecToClient } from '#wire/exec-messages.ts';
import { execFromClient, execStart } from '#wire/message-schemas.ts';
import { isHealthy, replicasOf } from './app-views.ts';

/** Time within which a client has to say what it wants to run. */
const startMs = 10_000;
/** Bytes that may wait to be sent to the agent before the client is held back. */
const stdinWaitingMax = 1 << 20;

export interface ExecParts {
  readonly state: FleetState;
  readonly hub: Hub;
  readonly by: string;
}

/** Carries a command's input and output between a person's socket and the replica's machine. */
export async function relayExec(socket: WebSocket, app: string, parts: ExecParts): Promise<void> {
  let stream: AgentStream | undefined;
  socket.on('error', () => {});
  socket.on('close', () => stream?.cancel());
  const say = (message: ExecToClient) =>
    new Promise<void>((resolve) => socket.send(JSON.stringify(message), () => resolve()));
  try {
    const { start, rest } = await firstMessage(socket);
    const replica = chooseReplica(parts, app, start);
    const { command, tty, size, stdin, env, user, workdir } = start;
    stream = parts.hub.open(replica.machine, {
      kind: 'exec',
      ...{ replica: replica.id, command, tty, stdin, env },
      ...(size === undefined ? {} : { size }),
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { workdir }),
    });
    // The command itself is not told: its arguments may hold what nobody else should read.
    await parts.state.tell({
      kind: 'exec',
      app,
      machine: replica.machine,
      subject: replica.id,
      by: parts.by,
      cause: 'intentional',
      what: `${parts.by} ran a command in ${replica.id}`,
    });
    if (socket.readyState !== socket.OPEN) return stream.cancel();
    forwardInput(socket, stream, rest);
    for await (const message of stream.messages) {
      if (message.kind === 'output') await say({ kind: 'output', fd: message.fd, data: message.data });
      if (message.kind === 'end') {
        const { code, error } = message;
        await say({ kind: 'end', code, ...(error === undefined ? {} : { error }) });
      }
    }
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    const why =
      cause instanceof BallastError && cause.detail.fix !== undefined ? `; ${cause.detail.fix}` : '';
    await say({ kind: 'end', code: 255, error: `${error}${why}` });
  } finally {
    stream?.cancel();
    socket.close(1000);
  }
}

/** What is to be run, and the messages that came behind it before there was anybody to pass them on to. */
function firstMessage(socket: WebSocket): Promise<{ readonly start: ExecStart; readonly rest: Rest }> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new BallastError('bad-request', 'nothing was asked to be run')),
      startMs,
    );
    const early: Buffer[] = [];
    const keep = (raw: Buffer) => void early.push(raw);
    socket.once('close', () => {
      clearTimeout(late);
      reject(new BallastError('interrupted', 'the client went away'));
    });
    socket.once('message', (raw: Buffer) => {
      clearTimeout(late);
      socket.on('message', keep);
      socket.pause();
      const read = execStart.safeParse(json(raw));
      if (!read.success)
        return reject(new BallastError('bad-request', 'what is to be run was not understood'));
      resolve({
        start: read.data,
        rest: () => {
          socket.off('message', keep);
          return early;
        },
      });
    });
  });
}

/** Gives the early messages and stops keeping more. */
type Rest = () => readonly Buffer[];

/** The replica named, else the service's first healthy one, else the first there is. */
function chooseReplica({ state, hub }: ExecParts, app: string, start: ExecStart): Replica {
  const all = replicasOf(state.plan, app);
  if (all.length === 0) appOf({ state }, app);
  if (start.replica !== undefined) {
    const found = all.find((replica) => replica.id === start.replica);
    if (found === undefined)
      throw unknown(
        `replica of ${app}`,
        start.replica,
        all.map((replica) => replica.id),
      );
    return found;
  }
  const own = all.filter((replica) => start.service === undefined || replica.service === start.service);
  const best =
    own.find((replica) => replica.phase !== 'draining' && isHealthy(hub.inventory, replica)) ?? own[0];
  if (best !== undefined) return best;
  const services = [...new Set(all.map((each) => each.service))];
  const what = start.service === undefined ? app : `service ${start.service} of ${app}`;
  throw new BallastError('not-found', `there is no replica of ${what} to run it in`, {
    fix:
      services.length === 0
        ? `see how it stands: ballast status, and ballast events -a ${app}`
        : `services with replicas: ${services.join(', ')}`,
  });
}

function forwardInput(socket: WebSocket, stream: AgentStream, rest: Rest): void {
  let waiting = 0;
  const forward = (raw: Buffer): void => {
    const read = execFromClient.safeParse(json(raw));
    if (!read.success) return socket.close(1007, 'not understood');
    waiting += raw.length;
    if (waiting > stdinWaitingMax) socket.pause();
    void stream.send(read.data).then(() => {
      waiting -= raw.length;
      if (waiting < stdinWaitingMax / 2 && socket.isPaused) socket.resume();
    });
  };
  for (const raw of rest()) forward(raw);
  socket.on('message', forward);
  if (waiting <= stdinWaitingMax) socket.resume();
}

function json(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined;
  }
}
