"""The server of the page: loopback, one token, no path from a browser reaches the file system.

Three checks before anything else is looked at: the ``Host`` is one that we listen on (a name that somebody else's DNS
points here is none), an ``Origin``, where there is one, is our own, and every request for data carries the token in a
header of ours. Such a header cannot be sent by another site's page, and is no cookie that a browser adds by itself. The
page's own files are read once, when the server starts; they hold no data, and need no token.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from scanpick.errors import ScanpickError
from scanpick.reports.page import REVIEW_PORT
from scanpick.review.packing import as_json
from scanpick.texts import parse_json

PORT = REVIEW_PORT
"""Where the page is, unless the port is taken: links of reports lead here."""

TOKEN_HEADER = "X-Scanpick-Token"

_TRIES = 20
_MOST_BODY_BYTES = 1_000_000
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class NotFoundError(ScanpickError):
    """There is nothing at this place."""


class ConflictError(ScanpickError):
    """Something has changed since the page looked; `state` is how it is now."""

    def __init__(self, message: str, state: Any) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Request:
    """A request for data that has passed the checks.

    Attributes:
        method: GET or POST.
        parts: What stands between the slashes after ``/api/``, decoded.
        query: Names and values behind the question mark; of a name that comes twice, both.
        body: The JSON object of a POST.
    """

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The last value of a name in the query."""
        return self.query.get(name, [default])[-1]


@dataclass(frozen=True)
class Reply:
    """What an answer holds: its content and type."""

    content: bytes
    kind: str = "application/octet-stream"


Answer = Callable[[Request], "Reply | Mapping[str, Any]"]


class ReviewServer(ThreadingHTTPServer):
    """Serves the page, and what `answer` gives for requests for data.

    Args:
        answer: Called in a thread of its own for each request.
        host: The address to listen on.
        port: The first port to try; 0 for any.
        token: What requests must carry; a random one by default.

    Raises:
        ScanpickError: No port is free, or the address is none of this machine.
    """

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, answer: Answer, host: str = "127.0.0.1", port: int = PORT, token: str | None = None) -> None:
        self.answer, self.token, self.host = answer, token or secrets.token_urlsafe(24), host
        if host in ("", "0.0.0.0", "::"):  # others send the address that they reach as the host, which is checked
            raise ScanpickError(f"Name the address of this machine that others reach with `host=...`, not '{host}'.")
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        failure: OSError | None = None
        for number in range(port, port + _TRIES) if port else (0,):
            try:
                super().__init__((host, number), _Handler)
                break
            except OSError as error:
                failure = error
        else:
            raise ScanpickError(f"Cannot listen on {host}:{port}: {failure}. Give another `port=...`.")
        names = {*_LOOPBACK, host, f"[{host}]"}
        self.hosts = {f"{name}:{self.server_port}" for name in names}

    @property
    def url(self) -> str:
        """The address to open; the part behind # stays in the browser, and in no log."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.server_port}/#token={self.token}"


@cache
def page_files() -> Mapping[str, Reply]:
    """Path -> file of the page."""
    folder = files("scanpick.review") / "page"
    found = {}
    for entry in folder.iterdir():
        kind = _TYPES.get("." + entry.name.rpartition(".")[2])
        if kind is not None:
            found[f"/{entry.name}"] = Reply(entry.read_bytes(), f"{kind}; charset=utf-8")
    return {**found, "/": found["/index.html"]}


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "scanpick", ""
    timeout = 60

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: a terminal is for errors, and requests hold names from the data."""

    def _handle(self) -> None:
        try:
            place = urlsplit(self.path)
            if self.headers.get("Host", "") not in self.server.hosts:
                return self._refuse(HTTPStatus.FORBIDDEN, "This server answers to its own address alone.")
            origin = self.headers.get("Origin")
            if origin is not None and origin.removeprefix("http://") not in self.server.hosts:
                return self._refuse(HTTPStatus.FORBIDDEN, "Requests of other sites are refused.")
            if not place.path.startswith("/api/"):
                file = page_files().get(place.path) if self.command == "GET" else None
                if file is None:
                    return self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
                return self._send(HTTPStatus.OK, file)
            token = self.headers.get(TOKEN_HEADER, "")
            if not hmac.compare_digest(token.encode(), self.server.token.encode()):
                return self._refuse(
                    HTTPStatus.FORBIDDEN, "The token is missing or not this server's: open the printed link."
                )
            parts = tuple(unquote(part) for part in place.path.split("/")[2:])
            query = parse_qs(place.query, keep_blank_values=True)
            body = self._body() if self.command == "POST" else {}
            reply = self.server.answer(Request(self.command, parts, query, body))
            self._send(HTTPStatus.OK, reply if isinstance(reply, Reply) else _json(reply))
        except ConflictError as error:
            self._send(HTTPStatus.CONFLICT, _json({"error": str(error), "state": error.state}))
        except NotFoundError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
        except ScanpickError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except (BrokenPipeError, ConnectionResetError, TimeoutError):  # the page has gone on
            self.close_connection = True
        except Exception as error:  # a fault of ours: the page shows it, and goes on
            import traceback

            traceback.print_exc()
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")

    def _body(self) -> Mapping[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MOST_BODY_BYTES:
            self.close_connection = True
            raise ScanpickError(f"Expected a body of at most {_MOST_BODY_BYTES} bytes.")
        content = self.rfile.read(int(length))
        if self.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise ScanpickError("Expected JSON.")
        try:
            body = parse_json(content.decode(), "The request")
        except UnicodeDecodeError as error:
            raise ScanpickError("Expected JSON in UTF-8.") from error
        if not isinstance(body, dict):
            raise ScanpickError("Expected a JSON object.")
        return body

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        if self.command == "POST":
            self.close_connection = True  # its body may not have been read
        self._send(status, _json({"error": message}))

    def _send(self, status: HTTPStatus, reply: Reply) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.content)


def _json(values: Any) -> Reply:
    return Reply(as_json(values), "application/json")
