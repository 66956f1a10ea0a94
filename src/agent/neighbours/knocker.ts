import type { Neighbour } from '#compile/manifest.ts';
import { knock } from '#host/knock.ts';
import { clock } from './clock.ts';

const knockMs = 200;
/** How long until a neighbour is asked again that answered, or did not. */
const againMs = 200;
const awayAgainMs = 1_000;

export interface Knocker {
  /** Asks, unless it is being asked or was a moment ago. */
  readonly ask: (neighbour: Neighbour, port: number) => void;
}

/** A machine whose agent is silent may be well: then its kernel answers who knocks, though nobody opens. */
export function createKnocker(onEnd: (machine: string, answered: boolean, since: number) => void): Knocker {
  const asked = new Set<string>();

  async function tryTwice({ machine, gateway }: Neighbour, port: number): Promise<void> {
    const since = clock();
    // The first may have ended in vain while this program was busy with other things.
    const answered = (await answers(gateway, port)) || (await answers(gateway, port));
    // What it said meanwhile is read before.
    setImmediate(() => onEnd(machine, answered, since));
    setTimeout(() => asked.delete(machine), answered ? againMs : awayAgainMs).unref();
  }

  return {
    ask(neighbour, port) {
      if (asked.has(neighbour.machine)) return;
      asked.add(neighbour.machine);
      void tryTwice(neighbour, port);
    },
  };
}

async function answers(address: string, port: number): Promise<boolean> {
  const answer = await knock(address, port, knockMs);
  return answer === 'open' || answer === 'refused';
}
