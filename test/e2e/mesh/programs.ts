/** Answers every request with a mark, and keeps connections. */
export const serving = `
import http.server as h
class Handler(h.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"seen-in-the-clear " * 40
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
h.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
`;

/**
 * Asks again and again on one connection to each address until its input ends, and once more by a new connection each
 * time; then tells how often, and what went wrong.
 */
export const asking = `
import http.client, json, sys, threading, time
hosts = sys.argv[1:]
kept = {host: http.client.HTTPConnection(host, 8000, timeout=10) for host in hosts}
done = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
counts = {"kept": 0, "fresh": 0, "slowest": 0, "errors": []}
def ask(connection, kind):
    began = time.monotonic()
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or b"seen-in-the-clear" not in body: raise OSError(answer.status)
        counts[kind] += 1
    except OSError as error:
        counts["errors"].append(f"{kind} {connection.host}: {error!r}")
    counts["slowest"] = max(counts["slowest"], round((time.monotonic() - began) * 1000))
for connection in kept.values():
    connection.connect()
    connection.auto_open = 0
print("begun", flush=True)
while not done.is_set():
    for host in hosts:
        ask(kept[host], "kept")
        fresh = http.client.HTTPConnection(host, 8000, timeout=10)
        ask(fresh, "fresh")
        fresh.close()
    time.sleep(0.01)
print(json.dumps(counts), flush=True)
`;

/** Asks once, patiently. */
export const once = `
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], 8000, timeout=float(sys.argv[2]))
connection.request("GET", "/")
print(connection.getresponse().status)
`;
