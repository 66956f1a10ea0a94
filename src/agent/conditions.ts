import { type Judged, judgePressure } from '#converge/pressure.ts';
import { readPressure } from '#host/pressure.ts';
import type { MachineCondition } from '#plan/model.ts';
import { log } from './log.ts';
import { type News, newsOfConditions } from './news.ts';

export interface ConditionsOptions {
  readonly signal: AbortSignal;
  readonly memoryBytes: () => Promise<number>;
  /** Free disk below which there is pressure; undefined: the usual. */
  readonly diskBytes: () => number | undefined;
  readonly onChange: () => void;
  readonly onNews: (news: News) => void;
}

/** What the machine as a whole runs short of; looked at every few seconds. */
export interface Conditions {
  readonly list: () => readonly MachineCondition[];
}

const everyMs = 5_000;

export function watchConditions(options: ConditionsOptions): Conditions {
  const { signal, memoryBytes, diskBytes, onChange, onNews } = options;
  let judged: Judged = { conditions: [], suspects: [] };

  async function look(): Promise<void> {
    const before = judged;
    const pressure = await readPressure({ memoryBytes: await memoryBytes() });
    judged = judgePressure(pressure, before, { now: Date.now(), diskBytes: diskBytes() });
    const news = newsOfConditions(before.conditions, judged.conditions, Date.now());
    if (news.length === 0) return;
    for (const one of news) {
      log.info(one.what);
      onNews(one);
    }
    onChange();
  }

  const timer = setInterval(() => {
    look().catch((cause: unknown) =>
      log.again('pressure', `what is left could not be read: ${String(cause)}`),
    );
  }, everyMs);
  signal.addEventListener('abort', () => clearInterval(timer));
  return { list: () => judged.conditions };
}
