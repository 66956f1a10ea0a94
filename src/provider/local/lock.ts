import { connect, createServer, type Server, type Socket } from 'node:net';
import { sha256Hex } from '#base/digest.ts';
import { interrupted } from './wait.ts';

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

/** The lock, or null when someone holds it. */
export async function tryLock(key: string): Promise<Lock | null> {
  const held = new Set<Socket>();
  const server = createServer((socket) => {
    held.add(socket);
    socket.on('error', () => {}).on('close', () => held.delete(socket));
  });
  if (!(await listens(server, socketName(key)))) return null;
  return {
    release: () => {
      server.close();
      for (const socket of held) socket.destroy();
    },
  };
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
