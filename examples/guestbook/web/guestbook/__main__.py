"""Serves the guestbook until SIGTERM, then finishes what it began."""

import signal
import socket
import threading
import time

from .handler import Handler
from .server import Server
from .store import Store

LINGER_S = 0.5
FINISH_S = 10


def main() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    store = Store()
    server = Server(("", 8080), Handler, store, replica=socket.gethostname())
    threading.Thread(target=store.prepare, args=(stop,), daemon=True).start()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(f"{server.replica} listens on port 8080", flush=True)
    stop.wait()

    print("stopping: finishing open requests", flush=True)
    server.closing = True
    # Connections that were on their way when the stop came are still served.
    time.sleep(LINGER_S)
    server.shutdown()
    server.server_close()
    server.wait_idle(FINISH_S)
    print("stopped", flush=True)


main()
