"""A server on a real socket that does what a script says, one act for each request, and keeps what it was sent."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it came; the names of the headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class StubServer:
    """A running server. Setting ``released`` ends what stalls."""

    url: str = ""
    script: list["Act"] = field(default_factory=list)
    received: list[ReceivedRequest] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def idempotency_keys(self) -> list[str]:
        """The idempotency keys that came, in their order."""
        return [one.headers["idempotency-key"] for one in self.received]


Act: TypeAlias = Callable[[BaseHTTPRequestHandler, StubServer], None]


def answers(document: Any, status: int = 200, media_type: str = "application/json", **headers: str) -> Act:
    """Answer with a JSON document, or with bytes as they are; ``Retry_After`` is the header Retry-After."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()

    def act(handler: BaseHTTPRequestHandler, stub: StubServer) -> None:
        handler.send_response_only(status)
        given = {"Content-Type": media_type, "Content-Length": str(len(body))}
        for name, value in (given | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def refuses(status: int, detail: str = "", problems: Any = (), **headers: str) -> Act:
    """Answer with problem details."""
    document = {"type": "about:blank", "title": "", "status": status, "detail": detail, "problems": list(problems)}
    return answers(document, status, PROBLEM_JSON, **headers)


def hangs_up(handler: BaseHTTPRequestHandler, stub: StubServer) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def resets(handler: BaseHTTPRequestHandler, stub: StubServer) -> None:
    """Reset the connection, as the kernel does for a process that was killed."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def breaks_off(handler: BaseHTTPRequestHandler, stub: StubServer) -> None:
    """Close the connection in the middle of an answer."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"outcome": ')
    handler.close_connection = True


def stalls(handler: BaseHTTPRequestHandler, stub: StubServer) -> None:
    """Say nothing for as long as the test lasts."""
    stub.released.wait(30)
    handler.close_connection = True


def drips(start: bytes, drop: bytes) -> Act:
    """Begin an answer and never end it: another drop every few milliseconds."""

    def act(handler: BaseHTTPRequestHandler, stub: StubServer) -> None:
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(start)
            while not stub.released.wait(0.02):
                handler.wfile.write(drop)

    return act


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stub: StubServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        stub = self.server.stub
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        stub.received.append(ReceivedRequest(self.command, self.path, headers, body))
        act = stub.script.pop(0) if stub.script else answers(b"the script has no more acts", 501)
        act(self, stub)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Keep the tests' output to themselves."""


@contextmanager
def stub_server(*script: Act, tls: ssl.SSLContext | None = None) -> Iterator[StubServer]:
    """The server on a free port of loopback, until the end of the ``with``."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.stub = StubServer(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", list(script))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is no news
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.stub
    finally:
        server.stub.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
