import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardLink } from '#host/link.ts';
import type { Failure, Load } from './lab.ts';

/** Asks a machine's published port from this computer without a pause, each time on a connection of its own. */
export async function loadFromOutside(host: string, port: number, timeoutS: number): Promise<Load> {
  await guardLink(host);
  const failures: Failure[] = [];
  let asked = 0;
  let slowest = 0;
  let ending = false;
  const running = (async () => {
    while (!ending && asked < 100_000) {
      const began = Date.now();
      const why = await once(host, port, timeoutS * 1_000);
      asked += 1;
      slowest = Math.max(slowest, (Date.now() - began) / 1_000);
      if (why !== undefined)
        failures.push({ at: began / 1_000, until: Date.now() / 1_000, fresh: true, why });
      await sleep(4);
    }
  })();
  return {
    async end() {
      ending = true;
      await running;
      return { asked, answered: {}, failures, slowest };
    },
  };
}

/** Why it failed; undefined when it did not. */
async function once(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const sent = request({ host, port, path: '/', agent: false, timeout: timeoutMs }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : `${response.statusCode}`));
      response.on('error', (error) => resolve(error.message));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => resolve(error.message));
    sent.end();
  });
}
