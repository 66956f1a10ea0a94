import socketserver
import threading
import time
from contextlib import contextmanager
from http.server import HTTPServer

CONNECTIONS_MAX = 128


class Server(socketserver.ThreadingMixIn, HTTPServer):
    """One thread a connection, at most CONNECTIONS_MAX of them; the next ones wait to be accepted."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address, handler, store, replica):
        threading.stack_size(256 * 1024)
        super().__init__(address, handler)
        self.store = store
        self.replica = replica
        self.closing = False
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._open = 0
        self._idle = threading.Condition()

    def process_request(self, request, client_address):
        self._slots.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request, client_address):
        """A client that goes away is no error of ours; others are told by the handler."""

    @contextmanager
    def answering(self):
        """Around each request, so that a stop can wait for those that are being answered."""
        with self._idle:
            self._open += 1
        try:
            yield
        finally:
            with self._idle:
                self._open -= 1
                self._idle.notify_all()

    def wait_idle(self, seconds):
        end = time.monotonic() + seconds
        with self._idle:
            while self._open > 0 and time.monotonic() < end:
                self._idle.wait(end - time.monotonic())
