import json
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from .page import show_page
from .store import Unavailable

BODY_BYTES_MAX = 16 * 1024
NAME_MAX = 60
TEXT_MAX = 500


class BadRequest(Exception):
    pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "guestbook"
    sys_version = ""
    timeout = 30
    # Answers leave in one piece and at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        self._route({"/": self._page, "/api/entries": self._list, "/healthz": self._health})

    do_HEAD = do_GET

    def do_POST(self):
        self._route({"/": self._add_form, "/api/entries": self._add_json})

    def _route(self, routes):
        with self.server.answering():
            try:
                routes.get(urlsplit(self.path).path, self._missing)()
            except BadRequest as error:
                self._json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
            except Unavailable:
                self._json(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    {"error": "the database does not answer; try again", "replica": self.server.replica},
                )
            except ConnectionError:
                raise
            except Exception as error:
                print(f"error: {self.command} {self.path}: {error!r}", flush=True)
                self._json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "internal error"})

    def _health(self):
        """Ready from the first answer of the database on: a later restart of it is no reason to restart this."""
        server = self.server
        if server.closing:
            self._json(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "stopping", "replica": server.replica})
        elif not server.store.ready:
            self._json(
                HTTPStatus.SERVICE_UNAVAILABLE,
                {"status": "waiting for the database", "replica": server.replica},
            )
        else:
            self._json(HTTPStatus.OK, {"status": "ok", "replica": server.replica})

    def _page(self):
        page = show_page(self.server.store.entries(), self.server.replica)
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())

    def _list(self):
        entries = self.server.store.entries()
        self._json(HTTPStatus.OK, {"replica": self.server.replica, "entries": entries})

    def _add_form(self):
        fields = parse_qs(self._body().decode(errors="replace"))
        self._add({name: values[0] for name, values in fields.items()})
        self._send(HTTPStatus.SEE_OTHER, "text/plain", b"", location="/")

    def _add_json(self):
        try:
            fields = json.loads(self._body())
        except ValueError:
            raise BadRequest("the body is no JSON") from None
        if not isinstance(fields, dict):
            raise BadRequest("the body is no JSON object")
        entry = self._add(fields)
        self._json(HTTPStatus.CREATED, {"replica": self.server.replica, "entry": entry})

    def _add(self, fields):
        name = str(fields.get("name", "")).strip().replace("\0", "")
        text = str(fields.get("text", "")).strip().replace("\0", "")
        if not name or len(name) > NAME_MAX:
            raise BadRequest(f"name must have 1 to {NAME_MAX} characters")
        if not text or len(text) > TEXT_MAX:
            raise BadRequest(f"text must have 1 to {TEXT_MAX} characters")
        entry_id = fields.get("id")
        try:
            entry_id = None if entry_id is None else str(uuid.UUID(str(entry_id)))
        except ValueError:
            raise BadRequest("id must be a UUID") from None
        return self.server.store.add(name, text, self.server.replica, entry_id)

    def _missing(self):
        self._json(HTTPStatus.NOT_FOUND, {"error": "there is no such page"})

    def _body(self):
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= BODY_BYTES_MAX:
            self.close_connection = True
            raise BadRequest(f"a body of 0 to {BODY_BYTES_MAX} bytes and its Content-Length are needed")
        return self.rfile.read(length)

    def _json(self, status, value):
        self._send(status, "application/json", json.dumps(value).encode() + b"\n")

    def _send(self, status, kind, body, location=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Replica", self.server.replica)
        if location is not None:
            self.send_header("Location", location)
        if self.server.closing or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code="-", size="-"):
        if self.path != "/healthz":
            print(f"{self.client_address[0]} {self.command} {self.path} {int(code)}", flush=True)

    def log_message(self, format, *args):
        pass
