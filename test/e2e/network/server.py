"""Answers with its name on connections that are kept, and is ill while /tmp/ill is there."""
import http.server, os, signal, socketserver, threading

name = os.environ.get("HOSTNAME", os.uname().nodename)
ending = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        ill = self.path == "/healthz" and os.path.exists("/tmp/ill")
        body = name.encode()
        self.send_response(503 if ill else 200)
        self.send_header("Content-Length", str(len(body)))
        if ending.is_set():
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("0.0.0.0", 8080), Handler)


def end(*_):
    ending.set()
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, end)
server.serve_forever()
