"""An app for tests of ingress: tells what it was asked, counts what it is sent, and echoes on a websocket."""
import base64, hashlib, http.server, json, os, signal, socketserver, threading, time

name = os.environ.get("NAME", "app")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self, code, value):
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.echo()
        if self.path.startswith("/slow"):
            time.sleep(2)
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.answer(200, {"app": name, "replica": os.uname().nodename, "path": self.path, "headers": headers})

    def do_POST(self):
        size, total, left = 0, hashlib.sha256(), int(self.headers.get("Content-Length", "0"))
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        while chunked or left > 0:
            if chunked:
                left = int(self.rfile.readline(), 16)
            data = self.rfile.read(left if chunked else min(left, 1 << 16))
            if chunked:
                self.rfile.readline()
            if not data:
                break
            size, left = size + len(data), left - len(data)
            total.update(data)
        self.answer(200, {"app": name, "size": size, "sha256": total.hexdigest()})

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            size = head[1] & 127
            mask = self.rfile.read(4)
            text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(size)))
            self.wfile.write(bytes([129, len(text)]) + text)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("0.0.0.0", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
