import { request } from 'node:https';
import { BallastError } from '#base/errors.ts';

export interface AcmeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface AcmeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly body?: string;
  /** PEM of who vouches for the other side, instead of everybody's. */
  readonly ca?: string;
  readonly signal: AbortSignal;
}

const answerMs = 30_000;
const bytesMax = 1 << 20;

/** One request to an authority. Throws when none answers. */
export async function ask(url: string, { method, body, ca, signal }: AcmeRequest): Promise<AcmeResponse> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  try {
    return await new Promise((resolve, reject) => {
      const headers = {
        'user-agent': 'ballast',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) }),
      };
      const sent = request(url, { method, headers, signal: inTime, ...(ca === undefined ? {} : { ca }) });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > bytesMax) sent.destroy(new Error('its answer is too long'));
          else chunks.push(chunk);
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      sent.end(body);
    });
  } catch (cause) {
    throw new BallastError(
      'unreachable',
      `the certificate authority at ${new URL(url).host} does not answer`,
      {
        cause,
        why: cause instanceof Error ? cause.message : String(cause),
      },
    );
  }
}
