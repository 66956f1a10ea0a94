import { connect } from 'node:net';

/** How a connection by tcp ends; `silent` when nobody answers in time. Nothing is sent over it. */
export async function knock(
  host: string,
  port: number,
  timeoutMs = 3_000,
): Promise<'open' | 'refused' | 'silent' | 'unreachable'> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (outcome: 'open' | 'refused' | 'silent' | 'unreachable'): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on('connect', () => end('open'));
    socket.on('timeout', () => end('silent'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED' || code === 'ECONNRESET') end('refused');
      else end(code === 'ETIMEDOUT' ? 'silent' : 'unreachable');
    });
  });
}
