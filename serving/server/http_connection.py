"""One connection: uvicorn's protocol with limits on the head of a request, on time, and on the number of connections.

What is refused here never becomes a request of the application. `connection_register` counts the connections.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httptools
import uvicorn.config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.http.access_control import RETRY_SOON
from serving.http.errors import ProblemResponse
from serving.http.response import SECURITY_HEADERS, STRICT_TRANSPORT
from serving.server.connection_register import ConnectionRegister

PART_BYTES = 16 * 1024
"""Bytes that are parsed at once: a limit is noticed after at most so many more."""
MOST_DROPPED_BYTES = 2**20
MOST_PIPELINED = 100
"""Requests of one connection that may wait for the answer to the one before them."""
DETAILS = {
    HTTPStatus.BAD_REQUEST: "This is not an HTTP request.",
    HTTPStatus.NOT_FOUND: "The service has no WebSockets.",
    HTTPStatus.REQUEST_TIMEOUT: "The head of the request took too long to arrive.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The head of the request has too many bytes or too many headers.",
    HTTPStatus.SERVICE_UNAVAILABLE: "There are too many connections. Retry later.",
}
"""Headers of the answer, by its status."""
HOST_REQUIRED = "One Host header is required."


class _HeadRefusedError(Exception):
    """The head of a request is refused; the parser stops."""

    def __init__(self, status: HTTPStatus, detail: str = "") -> None:
        super().__init__(status)
        self.status, self.detail = status, detail


class HttpConnection(HttpToolsProtocol):
    """A connection of one caller, with all its requests one after the other.

    ``_unproductive`` counts the bytes since the parser last made progress: an unfinished head, but also trailers, which
    the parser would otherwise keep without limit. ``_due`` is when the head of a request must have arrived.
    """

    def __init__(self, *, register: ConnectionRegister, **server: Any) -> None:
        """A connection that is counted in ``register``; ``server`` holds uvicorn's own arguments."""
        super().__init__(**server)
        self._register = register
        self._limits = register.limits
        self._unproductive = 0
        self._progress = False
        self._fields = self._field_bytes = 0
        self._dropped = 0
        self._due: float | None = None
        self._refused: _HeadRefusedError | None = None
        self._unsent = 0
        self._stuck: dict[str, float] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and wait for the head of a request."""
        super().connection_made(transport)
        self._due = self.loop.time() + self._limits.head_seconds
        if not self._register.add(self, self.client[0] if self.client else "", self.loop):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection no longer."""
        self._register.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrives, in parts, until something is refused."""
        self._unset_keepalive_if_required()
        if self._due is None and self._is_waiting():
            self._due = self.loop.time() + self._limits.head_seconds
        for start in range(0, len(data), PART_BYTES):
            if self.transport.is_closing():
                return
            if self._refused is not None:
                self._drop(len(data) - start)
                return
            self._parse(data[start : start + PART_BYTES])

    def _parse(self, part: bytes) -> None:
        self._progress = False
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # the request is answered as if it offered none; the parser reads no other
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            known = cause if isinstance(cause, _HeadRefusedError) else _HeadRefusedError(HTTPStatus.BAD_REQUEST)
            self._refuse(known.status, known.detail)
            return
        self._unproductive = 0 if self._progress else self._unproductive + len(part)
        if self._unproductive > self._limits.head_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _drop(self, size: int) -> None:
        """Count what arrives after a refusal; nobody need read much of it."""
        self._dropped += size
        if self._dropped > MOST_DROPPED_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._fields = self._field_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer, which arrives after the body, is counted and dropped."""
        self._fields += 1
        self._count(len(name) + len(value) + len(b": \r\n"))
        if "path" not in self.scope:
            super().on_header(name, value)

    def _count(self, more: int) -> None:
        self._field_bytes += more
        if self._field_bytes > self._limits.head_bytes or self._fields > self._limits.headers:
            raise _HeadRefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Refuse a WebSocket and a request without exactly one host, and pass on every other."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise _HeadRefusedError(HTTPStatus.SERVICE_UNAVAILABLE)
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise _HeadRefusedError(HTTPStatus.BAD_REQUEST, HOST_REQUIRED)
        if self.parser.should_upgrade() and self._get_upgrade() == b"websocket":
            raise _HeadRefusedError(HTTPStatus.NOT_FOUND)
        super().on_headers_complete()
        self._progress, self._due = True, None
        self._register.works(self)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._progress = True
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        return False

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        super().on_response_complete()
        if self._is_waiting():
            self._register.waits(self)

    def _is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or (self.cycle.response_complete and not self.pipeline)

    def make_room(self) -> None:
        """End this connection, which waits for a request, in favour of another."""
        self.transport.abort()

    def look(self, now: float) -> None:
        """End the connection if a time limit is over."""
        if self._is_unread(now) or self._lingers(now):
            self._register.ended("unread")
            self.transport.abort()
        elif self._due is not None and now > self._due and self._refused is None and not self.transport.is_closing():
            if self._unproductive:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            else:
                self._register.ended("silent")
                self.transport.close()

    def _is_unread(self, now: float) -> bool:
        """Whether the caller reads nothing of an answer, or too slowly."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        nothing = self._is_stuck("unread", 0 < before <= self._unsent, now, self._limits.unread_seconds)
        return self._is_stuck("slow", self._unsent > 0, now, self._limits.slow_seconds) or nothing

    def _lingers(self, now: float) -> bool:
        """Whether all is sent and the caller does not close; over TLS, a close that was not refused limits itself."""
        closing = self._refused is not None or (self.scheme == "http" and self.transport.is_closing())
        done = closing and self._is_waiting() and not self._unsent
        return self._is_stuck("ending", done, now, self._limits.close_seconds)

    def _is_stuck(self, name: str, stuck: bool, now: float, seconds: float) -> bool:
        """Whether something has lasted longer than ``seconds``."""
        if not stuck:
            self._stuck.pop(name, None)
            return False
        return now - self._stuck.setdefault(name, now) > seconds

    def _refuse(self, status: HTTPStatus, detail: str = "") -> None:
        """Answer with a problem document and end the connection; a request that came before is answered first.

        What still arrives is read and dropped for a moment: an answer to a caller who is still sending is lost if the
        connection is closed at once.
        """
        self._refused = _HeadRefusedError(status, detail)
        self._due = None
        waiting = self._is_waiting()
        if not waiting and (self.pipeline or not self.cycle.more_body):
            self._register.ended(str(status.value))
            self.cycle.keep_alive = False
            return
        request_id = uuid4().hex if waiting or not self.cycle.response_started else None
        self._register.ended(str(status.value), request_id)
        if request_id is not None:
            self.transport.write(self._answer(status, detail, request_id))
        if waiting and self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _answer(self, status: HTTPStatus, detail: str, request_id: str) -> bytes:
        retry = RETRY_SOON if status is HTTPStatus.SERVICE_UNAVAILABLE else None
        problem = ProblemResponse(status, detail or DETAILS[status], headers=retry)
        more = [(b"connection", b"close"), *SECURITY_HEADERS, (b"x-request-id", request_id.encode())]
        if self.scheme == "https":
            more.append(STRICT_TRANSPORT)
        headers = [*self.server_state.default_headers, *problem.raw_headers, *more]
        head = [f"HTTP/1.1 {status} {status.phrase}\r\n".encode(), *(b"%s: %s\r\n" % pair for pair in headers)]
        return b"".join([*head, b"\r\n", bytes(problem.body)])


def use_connections(register: ConnectionRegister) -> None:
    """Let the server that uvicorn starts in this process use `HttpConnection`; BentoML offers no such choice."""
    protocols: dict[str, Any] = uvicorn.config.HTTP_PROTOCOLS
    protocols["auto"] = partial(HttpConnection, register=register)
