import { BallastError } from '#base/errors.ts';
import type { GuardOptions } from './guard.ts';
import type { Identity } from './identity.ts';
import type { Link } from './link.ts';
import { proveReach } from './proof.ts';

/** How long a connection has to hold before what nobody answered for is tried once more. */
const steadyMs = 10_000;
/** Time for a server that is there to answer on a connection from before a change. */
const answerMs = 3_000;

export interface WayOptions {
  readonly server: string;
  readonly identity: () => Promise<() => Identity>;
  readonly link: () => Link | undefined;
  readonly signal: AbortSignal;
}

/** The way to the control plane, as far as changes have to be confirmed over it. */
export interface Way extends Pick<GuardOptions, 'connected' | 'steady' | 'prove'> {
  /** A connection has come about. `onSteady` is called when it has held for a while. */
  readonly opened: (onSteady: () => void) => void;
}

export function createWay({ server, identity, link, signal }: WayOptions): Way {
  let openedAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const connected = (): boolean => link()?.isOpen() ?? false;
  signal.addEventListener('abort', () => clearTimeout(timer));
  return {
    connected,
    steady: () => connected() && openedAt !== undefined && performance.now() - openedAt >= steadyMs,
    opened(onSteady) {
      openedAt = performance.now();
      clearTimeout(timer);
      timer = setTimeout(onSteady, steadyMs + 100);
    },
    async prove(steps) {
      try {
        await proveReach(steps, { server, identity: await identity(), signal });
      } catch (cause) {
        const isUp = (await link()?.answers(answerMs)) === true;
        // What is said from here on must not get lost on a connection that nothing comes through any more.
        link()?.redial();
        if (!(cause instanceof BallastError && cause.code === 'unreachable') || !isUp) throw cause;
        // It answers on the connection from before: it is there, and nothing new gets through to it.
        throw new Error(cause.message, { cause });
      }
    },
  };
}
