"""Listens on two ports and says so by taking connections; a file named like a port makes it let go of that port."""
import os, selectors, signal, socket, sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ready = selectors.DefaultSelector()
for port in map(int, os.environ.get("PORTS", "8080 9090").split()):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(64)
    ready.register(listener, selectors.EVENT_READ, port)
print("listening", flush=True)
while True:
    for key, _ in ready.select(0.2):
        connection, _ = key.fileobj.accept()
        connection.close()
    for key in list(ready.get_map().values()):
        if os.path.exists(f"/tmp/{key.data}"):
            ready.unregister(key.fileobj)
            key.fileobj.close()
