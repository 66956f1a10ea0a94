import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardLink } from '#host/link.ts';

export interface Question {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** JSON to post; absent: GET. */
  readonly body?: string;
}

export interface Answer {
  /** 0 when the connection failed. */
  readonly status: number;
  readonly body: string;
  /** The header by which the guestbook names the replica that answered. */
  readonly replica: string;
}

const guarded = new Set<string>();

/** One HTTP request on a connection of its own, to a local machine; never leaves by another link. */
export async function ask({ host, port, path, body }: Question): Promise<Answer> {
  if (!guarded.has(host)) await guardLink(host);
  guarded.add(host);
  return await new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ status: 0, body: error.message, replica: '' });
    const sent = request(
      { host, port, path, method: body === undefined ? 'GET' : 'POST', agent: false, timeout: 15_000 },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', failed);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text,
            replica: String(response.headers['x-replica'] ?? ''),
          }),
        );
      },
    );
    sent.on('error', failed);
    sent.on('timeout', () => sent.destroy(new Error('no answer for 15 s')));
    if (body !== undefined) sent.setHeader('content-type', 'application/json');
    sent.end(body);
  });
}

/** Asks again and again, bounded, until the answer is yes. For what nothing else tells us of. */
export async function eventually(
  signal: AbortSignal,
  holds: () => Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  for (;;) {
    if (await holds()) return;
    if (until.aborted) throw new Error(`not so within ${timeoutMs} ms`);
    await sleep(100);
  }
}
