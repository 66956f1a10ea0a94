import type { Replica } from '#plan/model.ts';
import type { Changes } from '#server/changes.ts';
import type { LogLine } from '#wire/views.ts';
import type { Source } from './merge-lines.ts';

export interface LiveSource extends Source {
  readonly replicas: readonly string[];
}

/** What prints lines, and where. */
type Printer = Pick<Replica, 'id' | 'machine'>;

/** Asks the machines of some replicas for their lines; machines that are away are left out. */
export type Open<P extends Printer = Printer> = (
  replicas: readonly P[],
  from: { readonly tail: number; readonly sinceMs?: number | undefined },
) => readonly LiveSource[];

export interface Following<P extends Printer = Printer> {
  readonly changes: Changes;
  /** The replicas to listen to now; more may come. */
  readonly wanted: () => readonly P[];
  readonly open: Open<P>;
  readonly tail: number;
}

/** Lines that may wait for a slow reader before agents are held back. */
const waitingMax = 1_000;
/** Where a connection was lost its lines are asked for again from the last one heard, however many. */
const tailAgain = 10_000;

/** Lines as they come, until the signal aborts. */
export async function* followLines<P extends Printer>(
  following: Following<P>,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const { changes, wanted, open, tail } = following;
  const inbox = new LineInbox();
  signal.addEventListener('abort', inbox.stop, { once: true });
  try {
    while (!signal.aborted) {
      const seen = changes.version();
      const fresh = wanted().filter(({ id }) => inbox.isNew(id));
      for (const [, group] of Map.groupBy(fresh, ({ machine }) => machine)) {
        const heardAt = Math.max(...group.map(({ id }) => inbox.lastAt(id)));
        const from = heardAt > 0 ? { tail: tailAgain, sinceMs: heardAt + 1 } : { tail };
        for (const source of open(group, from)) inbox.listen(source);
      }
      const changed = changes.after(seen, signal).then(() => 'changed' as const);
      for (let next: 'line' | 'changed' = 'line'; next === 'line' && !signal.aborted; ) {
        yield* inbox.take();
        next = await Promise.race([changed, inbox.line()]);
      }
    }
  } finally {
    signal.removeEventListener('abort', inbox.stop);
    inbox.stop();
  }
}

/** Where many sources' lines come together. A source that ended is not asked again; one that broke off is. */
class LineInbox {
  readonly #heard = new Map<string, { state: 'open' | 'ended' | 'lost'; at: number }>();
  readonly #sources = new Set<LiveSource>();
  #lines: LogLine[] = [];
  #over = false;
  #wake: () => void = () => {};
  #room: (() => void)[] = [];

  readonly stop = (): void => {
    this.#over = true;
    for (const source of this.#sources) source.stop();
    this.#makeRoom();
    this.#wake();
  };

  isNew(replica: string): boolean {
    return (this.#heard.get(replica)?.state ?? 'lost') === 'lost';
  }

  lastAt(replica: string): number {
    return this.#heard.get(replica)?.at ?? 0;
  }

  listen(source: LiveSource): void {
    this.#sources.add(source);
    this.#set(source, 'open');
    void this.#pump(source);
  }

  *take(): Generator<LogLine> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      this.#makeRoom();
      yield* lines;
    }
  }

  line(): Promise<'line'> {
    if (this.#lines.length > 0 || this.#over) return Promise.resolve('line');
    return new Promise((resolve) => {
      this.#wake = () => resolve('line');
    });
  }

  async #pump(source: LiveSource): Promise<void> {
    let end: 'ended' | 'lost' = 'ended';
    try {
      for await (const line of source.lines) {
        this.#lines.push(line);
        const heard = this.#heard.get(line.replica);
        if (heard) heard.at = Math.max(heard.at, line.at);
        this.#wake();
        if (this.#lines.length >= waitingMax && !this.#over) {
          await new Promise<void>((resolve) => this.#room.push(resolve));
        }
      }
    } catch {
      end = 'lost';
    }
    this.#sources.delete(source);
    this.#set(source, end);
  }

  #set(source: LiveSource, state: 'open' | 'ended' | 'lost'): void {
    for (const id of source.replicas) this.#heard.set(id, { state, at: this.lastAt(id) });
  }

  #makeRoom(): void {
    const waiting = this.#room;
    this.#room = [];
    for (const resume of waiting) resume();
  }
}
