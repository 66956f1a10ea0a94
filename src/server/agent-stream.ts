import { BallastError } from '#base/errors.ts';
import type { FromAgent, ToAgent } from '#wire/agent-messages.ts';

export type StreamMessage = Extract<FromAgent, { readonly stream: number }>;
type Outgoing = Extract<ToAgent, { readonly stream: number }>;
type WithoutStream<T> = T extends unknown ? Omit<T, 'stream'> : never;
export type StreamRequest = WithoutStream<Outgoing>;

/** One of many conversations over an agent's connection: a log, a command, a deletion. */
export interface AgentStream {
  /** What the agent says, up to and including its `end`. Throws when the connection is lost before. */
  readonly messages: AsyncIterable<StreamMessage>;
  /** Settles when the message is on its way. */
  readonly send: (message: StreamRequest) => Promise<void>;
  /** Tells the agent that nobody listens any more. */
  readonly cancel: () => void;
}

/** Messages, and characters of them, that may wait for their reader. */
const queueMax = 4_096;
const queueCharactersMax = 8 << 20;

/**
 * The server's end of a stream. Says when its reader falls behind, so that the connection can be held back, and when
 * it has caught up.
 */
export class StreamInbox {
  readonly #machine: string;
  readonly #onFull: (full: boolean) => void;
  #queue: StreamMessage[] = [];
  #characters = 0;
  #full = false;
  #over = false;
  #failure: BallastError | undefined;
  #wake: () => void = () => {};

  constructor(machine: string, onFull: (full: boolean) => void) {
    this.#machine = machine;
    this.#onFull = onFull;
  }

  get isFull(): boolean {
    return this.#full;
  }

  push(message: StreamMessage): void {
    if (this.#over) return;
    this.#queue.push(message);
    this.#characters += weight(message);
    if (message.kind === 'end') this.#over = true;
    this.#setFull(this.#queue.length >= queueMax || this.#characters >= queueCharactersMax);
    this.#wake();
  }

  /** Ends it without the agent's word. What was heard so far can still be read. */
  fail(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = new BallastError('unreachable', `the connection to ${this.#machine} was lost`, { why });
    this.#wake();
  }

  async *read(): AsyncGenerator<StreamMessage> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        this.#characters -= weight(next);
        if (this.#full && this.#queue.length < queueMax / 4 && this.#characters < queueCharactersMax / 4) {
          this.#setFull(false);
        }
        yield next;
      } else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Nobody reads any more. */
  drop(): void {
    this.#over = true;
    this.#queue = [];
    this.#characters = 0;
    this.#setFull(false);
    this.#wake();
  }

  #setFull(full: boolean): void {
    if (full === this.#full) return;
    this.#full = full;
    this.#onFull(full);
  }
}

function weight(message: StreamMessage): number {
  if (message.kind === 'output') return message.data.length;
  return message.kind === 'log' ? message.line.text.length + 100 : 100;
}
