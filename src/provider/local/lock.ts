import { connect, createServer, type Server, type Socket } from 'node:net';
import { sha256Hex } from '#base/digest.ts';
import { interrupted } from './wait.ts';

const answerMs = 2_000;

/** Held until released, or until this process ends in whatever way: the kernel gives it back then. */
export interface Lock {
  release(): void;
}

/**
 * Runs `work` while no other process of this computer holds the lock named `key`. A lock is a name in the kernel's
 * table of abstract sockets: taking it is atomic, nothing stale is ever left behind, and who waits is connected to
 * the holder and so is told the moment it lets go.
 */
export async function withLock<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    if (signal.aborted) throw interrupted(signal);
    const lock = await tryLock(key);
    if (lock) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    await lockChanges(key, signal);
  }
}

/** The lock, or null when someone holds it. Who asks for its holder is told `holder`. */
export async function tryLock(key: string, holder = ''): Promise<Lock | null> {
  const held = new Set<Socket>();
  const server = createServer((socket) => {
    held.add(socket);
    socket.on('error', () => {}).on('close', () => held.delete(socket));
    socket.write(`${holder}\n`);
  });
  if (!(await listens(server, socketName(key)))) return null;
  return {
    release: () => {
      server.close();
      for (const socket of held) socket.destroy();
    },
  };
}

/** What the holder of a lock says of itself; undefined when nobody holds it or it does not answer. */
export function holderOf(key: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect({ path: socketName(key) });
    const end = (): void => {
      socket.destroy();
      resolve(said.split('\n')[0] || undefined);
    };
    socket.setTimeout(answerMs, end).setEncoding('utf8');
    socket.on('error', end).on('close', end);
    socket.on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) end();
    });
  });
}

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ path }, () => resolve(true));
  });
}

/** Resolves when the holder lets go or dies. */
function lockChanges(key: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketName(key) });
    const end = (): void => {
      signal.removeEventListener('abort', end);
      socket.destroy();
      resolve();
    };
    socket.on('error', end).on('close', end).resume();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

const socketName = (key: string): string => `\0ballast-${sha256Hex(key).slice(0, 32)}`;
