import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { BallastError } from '#base/errors.ts';
import type { FromAgent, ToAgent } from '#wire/agent-messages.ts';
import { fromAgent } from '#wire/message-schemas.ts';
import { type AgentStream, StreamInbox, type StreamRequest } from './agent-stream.ts';

export interface Liveness {
  readonly pingMs: number;
  /** Silence after which the machine counts as gone. */
  readonly silenceMs: number;
  /** How long one slow reader may hold the whole connection back. */
  readonly holdMs: number;
}

export const usualLiveness: Liveness = { pingMs: 5_000, silenceMs: 15_000, holdMs: 5_000 };

/** Bytes that may wait to be sent before the agent counts as stuck. */
const unsentBytesMax = 64 << 20;
const streamsMax = 256;

export interface ConnectionEvents {
  readonly onMessage: (message: Exclude<FromAgent, { readonly stream: number }>) => void;
  readonly onUnreadable: (why: string) => void;
  readonly onClose: (why: string) => void;
}

/** The code of a connection that ended without a word. */
const brokenOff = 1006;

/** One machine's WebSocket: messages in both directions, streams, and a watch over its life. */
export class AgentConnection {
  readonly machine: string;
  readonly #socket: WebSocket;
  readonly #liveness: Liveness;
  readonly #inboxes = new Map<number, StreamInbox>();
  #lastStream = 0;
  /** Pings sent since it was last heard. Counted instead of timed: a busy server must not take machines for gone. */
  #unanswered = 0;
  #holding: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(machine: string, socket: WebSocket, events: ConnectionEvents, liveness: Liveness) {
    this.machine = machine;
    this.#socket = socket;
    this.#liveness = liveness;
    const beat = setInterval(() => this.#beat(), liveness.pingMs);
    beat.unref();
    const heard = () => {
      this.#unanswered = 0;
    };
    socket.on('pong', heard);
    socket.on('ping', heard);
    socket.on('message', (raw: Buffer) => {
      heard();
      this.#take(raw, events);
    });
    socket.on('error', () => {}); // `close` follows and says it
    socket.on('close', (code, reason) => {
      this.#closed = true;
      clearInterval(beat);
      clearTimeout(this.#holding);
      const why =
        reason.toString() || (code === brokenOff ? 'the connection broke off' : `closed with ${code}`);
      for (const inbox of this.#inboxes.values()) inbox.fail(why);
      this.#inboxes.clear();
      events.onClose(why);
    });
  }

  send(message: ToAgent): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#socket.bufferedAmount > unsentBytesMax) {
      this.close('it does not read what it is sent');
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#socket.send(JSON.stringify(message), () => resolve()));
  }

  open(request: StreamRequest): AgentStream {
    if (this.#inboxes.size >= streamsMax) {
      throw new BallastError('unreachable', `${this.machine} is asked too many things at once`, {
        why: `${streamsMax} logs and commands are open`,
        fix: 'close some and try again',
      });
    }
    this.#lastStream += 1;
    const stream = this.#lastStream;
    const inbox = new StreamInbox(this.machine, () => this.#holdBack());
    this.#inboxes.set(stream, inbox);
    const send = (message: StreamRequest) => this.send({ ...message, stream } as ToAgent);
    void send(request);
    return {
      messages: inbox.read(),
      send,
      cancel: () => {
        if (!this.#inboxes.delete(stream)) return;
        inbox.drop();
        void this.send({ kind: 'cancel', stream });
      },
    };
  }

  /** Whether the machine answers within that time. One that is held back by us is taken for living. */
  async answers(withinMs: number): Promise<boolean> {
    if (this.#closed) return false;
    if (this.#socket.isPaused) return true;
    const question = randomBytes(8);
    return await new Promise((resolve) => {
      const end = (lives: boolean): void => {
        clearTimeout(timer);
        this.#socket.off('pong', pong).off('close', closed);
        resolve(lives);
      };
      // Answers to earlier questions may still be under way.
      const pong = (answer: Buffer): void => {
        if (answer.equals(question)) end(true);
      };
      const closed = (): void => end(false);
      const timer = setTimeout(closed, withinMs);
      this.#socket.on('pong', pong).on('close', closed);
      this.#socket.ping(question);
    });
  }

  close(why: string): void {
    this.#socket.close(1008, why.slice(0, 120));
    // A peer that is gone never answers the closing handshake.
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  /** Ends it at once: the other side is not there to be told. */
  terminate(): void {
    this.#socket.terminate();
  }

  #take(raw: Buffer, events: ConnectionEvents): void {
    const message = parse(raw);
    if (typeof message === 'string') return events.onUnreadable(message);
    if (!('stream' in message)) return events.onMessage(message);
    const inbox = this.#inboxes.get(message.stream);
    if (message.kind === 'end') this.#inboxes.delete(message.stream);
    inbox?.push(message);
  }

  #beat(): void {
    if (this.#socket.isPaused) return; // held back by us: its silence says nothing
    if (this.#unanswered * this.#liveness.pingMs >= this.#liveness.silenceMs) return this.terminate();
    this.#unanswered += 1;
    this.#socket.ping();
  }

  /** A stream whose reader is slow holds the connection back, but not for long: reports come the same way. */
  #holdBack(): void {
    const full = [...this.#inboxes].filter(([, inbox]) => inbox.isFull);
    if (full.length === 0) {
      clearTimeout(this.#holding);
      this.#holding = undefined;
      this.#unanswered = 0;
      this.#socket.resume();
      return;
    }
    this.#socket.pause();
    this.#holding ??= setTimeout(() => {
      this.#holding = undefined;
      for (const [stream, inbox] of [...this.#inboxes].filter(([, each]) => each.isFull)) {
        this.#inboxes.delete(stream);
        inbox.fail('what it says was not read fast enough');
        void this.send({ kind: 'cancel', stream });
      }
      this.#holdBack();
    }, this.#liveness.holdMs);
  }
}

function parse(raw: Buffer): FromAgent | string {
  try {
    const read = fromAgent.safeParse(JSON.parse(raw.toString('utf8')));
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`;
  } catch {
    return 'no JSON';
  }
}
