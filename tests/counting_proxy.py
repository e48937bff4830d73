"""A proxy on loopback that counts the requests to a server, and refuses or drops those that a test names."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_S = 120
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Fault:
    """What happens to requests whose path holds ``path``: a status is answered, or the connection is dropped (0)."""

    path: str
    status: int
    method: str = ""
    after: int = 0
    """So many of them pass before it begins."""


@dataclass
class CountingProxy:
    """``address`` is where clients ask; ``requests`` are (method, path, status), the oldest first."""

    address: str = ""
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @contextmanager
    def counted(self) -> Iterator[list[tuple[str, str, int]]]:
        """The requests made within the block; complete when the block has ended."""
        before, seen = len(self.requests), list[tuple[str, str, int]]()
        yield seen
        seen.extend(self.requests[before:])

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The fault that meets a request, if one does."""
        for fault in self.faults:
            seen = sum(fault.path in path and fault.method in method for method, path, _ in self.requests)
            if fault.path in path and fault.method in method and seen >= fault.after:
                return fault
        return None


def by_kind(requests: list[tuple[str, str, int]]) -> Counter[str]:
    """How many requests there were of each method and kind of path."""
    return Counter(f"{method} {_kind(path)}" for method, path, _ in requests)


def _kind(path: str) -> str:
    plain = path.partition("?")[0]
    return "artifacts" if "/mlflow-artifacts/" in plain else plain.partition("/mlflow/")[2] or plain


def ask(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Headers, bytes]:
    """The answer of a server on this machine; raises ``OSError`` if there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: CountingProxy
    port: int

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # every method is passed on alike
            return self._pass_on
        raise AttributeError(name)

    def _pass_on(self) -> None:
        status, headers, content = self._answer(self._body())
        self.proxy.requests.append((self.command, self.path, status))
        if not status:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _answer(self, body: bytes) -> tuple[int, Headers, bytes]:
        fault = self.proxy.fault_of(self.command, self.path)
        if fault is not None:
            return fault.status, [("Content-Type", "text/plain")], b"refused by the proxy"
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            return ask(self.port, self.command, self.path, headers, body)
        except OSError:
            return 0, [], b""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return parts

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def passing_on(proxy: CountingProxy, port: int) -> Iterator[None]:
    """Pass requests on to the server at a port of this machine, within the block; sets the proxy's ``address``."""
    handler = type("Handler", (_Handler,), {"proxy": proxy, "port": port})
    listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    listener.daemon_threads = True
    proxy.address = f"http://127.0.0.1:{listener.server_address[1]}"
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown()
        listener.server_close()
