"""An app for tests: answers on PORT, and misbehaves as its environment says."""
import http.server, json, os, signal, socketserver, sys, threading, time

started = time.time()
port = int(os.environ.get("PORT", "8080"))


def say(text):
    print(text, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code, body = 200, "ok"
        if self.path == "/healthz" and time.time() - started < float(os.environ.get("HEALTHY_AFTER", "0")):
            code, body = 503, "not yet: warming up"
        elif self.path == "/env":
            body = json.dumps(dict(os.environ))
        elif self.path.startswith("/read?"):
            with open(self.path[6:], encoding="utf8") as file:
                body = file.read()
        elif self.path == "/crash":
            say("crashing as asked")
            os._exit(9)
        elif self.path == "/name":
            body = os.uname().nodename
        data = body.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


if "EXIT" in os.environ:
    say("cannot go on: the configuration names no such thing")
    sys.exit(int(os.environ["EXIT"]))
if "EXIT_AFTER" in os.environ:
    threading.Timer(float(os.environ["EXIT_AFTER"]), lambda: os._exit(3)).start()
if "EAT" in os.environ:
    hoard = bytearray(int(os.environ["EAT"]) << 20)
    hoard[:: 4096] = b"x" * len(hoard[::4096])
server = Server(("0.0.0.0", port), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
say(f"listening on {port}, version {os.environ.get('VERSION', 'none')}")
server.serve_forever()
say("asked to stop: done")
