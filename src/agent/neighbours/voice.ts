import { createSocket, type Socket } from 'node:dgram';
import { explain, log } from '#agent/log.ts';

/** The door through which neighbours are heard and spoken to. */
export interface Voice {
  readonly listen: (port: number) => void;
  readonly say: (text: string, to: readonly string[]) => void;
  readonly close: () => void;
}

const retryMs = 1_000;

/** It opens whatever else does not work yet, and again when it was closed by an error. */
export function createVoice(onDatagram: (text: string) => void): Voice {
  let socket: Socket | undefined;
  let port: number | undefined;
  let retry: NodeJS.Timeout | undefined;

  function open(): void {
    if (port === undefined) return;
    const fresh = createSocket('udp4');
    socket = fresh;
    fresh.on('message', (datagram) => onDatagram(datagram.toString('latin1')));
    fresh.on('error', (cause) => {
      log.again('neighbours', `neighbours cannot be heard: ${explain(cause)}`);
      fresh.close();
      if (socket !== fresh) return;
      socket = undefined;
      retry = setTimeout(open, retryMs).unref();
    });
    fresh.bind(port);
    fresh.unref();
  }

  function close(): void {
    clearTimeout(retry);
    const old = socket;
    socket = undefined;
    old?.close();
  }

  return {
    listen(next) {
      if (next === port) return;
      close();
      port = next;
      open();
    },
    say(text, to) {
      const datagram = Buffer.from(text, 'latin1');
      // What does not arrive is a beat that did not come: the other side knows what to make of it.
      for (const address of to) socket?.send(datagram, port ?? 0, address, () => {});
    },
    close,
  };
}
