import type { LogLine } from '#wire/views.ts';

/** Lines of one machine, in order of time. */
export interface Source {
  readonly lines: AsyncGenerator<LogLine>;
  readonly stop: () => void;
}

/** Merges several machines' lines by time, holding one line of each. Ends early when the signal aborts. */
export async function* inTimeOrder(sources: readonly Source[], signal: AbortSignal): AsyncGenerator<LogLine> {
  const stop = () => {
    for (const source of sources) source.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const heads = await Promise.all(
      sources.map(async (source) => ({ source, next: await source.lines.next() })),
    );
    for (;;) {
      const open = heads.filter((head) => head.next.done !== true);
      const [first, ...others] = open;
      if (first === undefined || signal.aborted) return;
      const earliest = others.reduce((a, b) => (timeOf(b.next) < timeOf(a.next) ? b : a), first);
      if (earliest.next.done !== true) yield earliest.next.value;
      earliest.next = await earliest.source.lines.next();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

const timeOf = (next: IteratorResult<LogLine, unknown>): number =>
  next.done === true ? Infinity : next.value.at;
