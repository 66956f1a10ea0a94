import { connect } from 'node:net';
import type { ProbeResult } from '#converge/health.ts';

const headBytesMax = 8 << 10;
const bodyBytesMax = 64 << 10;

/**
 * Asks an HTTP path once; any answer below 400 is well. Spoken directly over a socket: with many replicas this is
 * most of what an idle agent does, and Node's own client costs several times as much.
 */
export async function askHttp(url: string, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
  const { hostname, port, pathname, search, host } = new URL(url);
  return await new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
    let head = '';
    let bytes = 0;
    const timer = setTimeout(() => end(false, `no answer within ${timeoutMs} ms`), timeoutMs);
    const abort = () => end(false, 'it was stopped');

    function end(ok: boolean, detail: string): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // A good answer is read on, so that the server does not see its client go in the middle.
      if (!ok) socket.destroy();
      else socket.setTimeout(timeoutMs, () => socket.destroy());
      resolve({ at: Date.now(), ok, detail: `GET ${url}: ${detail}` });
    }

    signal.addEventListener('abort', abort);
    socket.on('connect', () => {
      socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: ballast\r\naccept: */*\r\nconnection: close\r\n\r\n`,
      );
    });
    socket.on('data', (data) => {
      bytes += data.length;
      if (bytes > bodyBytesMax) socket.destroy();
      if (head.includes('\n') || head.length > headBytesMax) return;
      head += data.toString('latin1');
      const answer = statusOf(head);
      if (answer !== undefined) end(answer.status >= 200 && answer.status < 400, answer.text);
      else if (head.includes('\n') || head.length > headBytesMax) end(false, 'its answer is no HTTP');
    });
    socket.on('error', (cause) => end(false, cause.message || 'no connection'));
    socket.on('close', () => end(false, 'it closed the connection without an answer'));
  });
}

function statusOf(head: string): { status: number; text: string } | undefined {
  const found = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)\r?\n/.exec(head);
  return found ? { status: Number(found[1]), text: `${found[1]} ${found[2]}`.trim() } : undefined;
}
