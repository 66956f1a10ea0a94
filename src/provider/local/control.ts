import { renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { BallastError } from '#base/errors.ts';
import { runDirOf } from './names.ts';
import type { MachineRecord } from './record.ts';
import { interrupted } from './wait.ts';

/** What a supervisor says of its machine, on connecting and at every change. */
export interface Status {
  /** Counts the machine's boots under this supervisor, from 1. */
  readonly boot: number;
  /** `up` once its units run. */
  readonly state: 'starting' | 'up';
  /** The process that is process 1 inside. */
  readonly leader: number | null;
}

/** `resize` makes the supervisor read the machine's record again and apply its size. */
export type Order = 'off' | 'cut' | 'reboot' | 'resize';

const orders: readonly string[] = ['off', 'cut', 'reboot', 'resize'] satisfies Order[];

export interface Control {
  publish(status: Status): void;
  close(): void;
}

/**
 * Opens a supervisor's control socket: statuses go out and orders come in, one per line. The socket appears under
 * its path only when it already listens. The path must be in a directory that only root can enter.
 */
export async function openControl(
  path: string,
  first: Status,
  obey: (order: Order) => void,
): Promise<Control> {
  let status = first;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.write(`${JSON.stringify(status)}\n`);
    // The reader passes the socket's errors on, such as that of a write to one who has just left.
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', (line) => {
        if (orders.includes(line)) obey(line as Order);
      });
  });
  const fresh = `${path}.${process.pid}`;
  rmSync(fresh, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: fresh }, resolve);
  });
  renameSync(fresh, path);
  return {
    publish: (next) => {
      status = next;
      for (const socket of sockets) socket.write(`${JSON.stringify(status)}\n`);
    },
    close: () => {
      rmSync(path, { force: true });
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export interface Wish {
  readonly order?: Order;
  /** Whether to stop listening; `first` is the status at the time of asking. Absent: until the machine is gone. */
  readonly until?: (status: Status, first: Status) => boolean;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** For the error when it takes too long. */
  readonly what: string;
}

/**
 * Gives the supervisor at `path` an order and listens until its machine is as wished. Answers `gone` when there is
 * no supervisor, or when it ended meanwhile, which is after it has cleaned up, unless it was killed.
 */
export async function tell(path: string, wish: Wish): Promise<Status | 'gone'> {
  const { order, until, signal, timeoutMs, what } = wish;
  if (signal.aborted) throw interrupted(signal);
  return await new Promise<Status | 'gone'>((resolve, reject) => {
    const socket = connect({ path });
    let first: Status | undefined;
    const timer = setTimeout(() => {
      end(() => reject(new BallastError('timed-out', `${what} takes more than ${timeoutMs / 1000} s`)));
    }, timeoutMs);
    const abort = (): void => end(() => reject(interrupted(signal)));
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      settle();
    };
    signal.addEventListener('abort', abort);
    socket.on('error', () => {}).on('close', () => end(() => resolve('gone')));
    if (order) socket.write(`${order}\n`);
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', (line) => {
        const status = JSON.parse(line) as Status;
        first ??= status;
        if (until?.(status, first)) end(() => resolve(status));
      });
  });
}

/** Where the supervisor of a machine is found. */
export const controlOf = ({ fleet, name }: Pick<MachineRecord, 'fleet' | 'name'>): string =>
  `${runDirOf(fleet)}/${name}.sock`;
