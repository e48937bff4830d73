"""Response middleware: security headers for every answer, and one log line and the metrics for every request.

The line has the declared address, never the requested one, and of the request only its id.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.contract.routes import HEALTHZ, LIVEZ, METRICS, READYZ, routes_at
from serving.http.metrics import Metrics
from serving.http.request_record import RequestRecord, address_of, begin_record
from serving.http.tracing import RequestTracer

LOG = logging.getLogger("bentoml.kap.access")
ELSEWHERE = "elsewhere"
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_QUIET = (LIVEZ, HEALTHZ, READYZ, METRICS)
_DROPPED = (b"server", b"x-bentoml-request-id", b"x-bentoml-trace-id")
SECURITY_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_REPLACEABLE = {b"content-security-policy"}
"""The page has a policy of its own: two together would allow only what both do."""
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class ResponseHeaders:
    """ASGI middleware, the outermost except the server's own."""

    def __init__(self, app: ASGIApp, metrics: Callable[[], Metrics], tracing: Callable[[], RequestTracer]) -> None:
        """Wrap ``app``; metrics and tracing are looked up at each request."""
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, add the headers, and log the result."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        record = begin_record(scope["headers"])
        record.route = scope["path"] if routes_at(scope["path"]) else ELSEWHERE
        record.method = scope["method"] if scope["method"] in METHODS else "other"
        more = _headers(record, scope["scheme"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                kept = [pair for pair in message["headers"] if pair[0].lower() not in _DROPPED]
                own = {name.lower() for name, _ in kept} & _REPLACEABLE
                message = {**message, "headers": [*kept, *(pair for pair in more if pair[0] not in own)]}
            await send(message)

        try:
            with self._span(record):
                await self._app(scope, receive, with_headers)
        finally:
            record.duration_ms = (time.perf_counter() - started) * 1000
            self._note(record, scope.get("client"))

    def _span(self, record: RequestRecord) -> AbstractContextManager[None]:
        if record.route in _QUIET:
            return nullcontext()
        return self._tracing().request(record, f"{record.method} {record.route}")

    def _note(self, record: RequestRecord, client: tuple[str, int] | None) -> None:
        method, route, seconds = record.method or "", record.route or "", (record.duration_ms or 0.0) / 1000
        record.status = record.status or 0
        self._metrics().answered(route, method, record.status, seconds)
        if record.status == HTTPStatus.UNAUTHORIZED:
            record.client = address_of(client)
        elif route in _QUIET:
            return
        LOG.info("%s %s %s %.1f ms", method, route, record.status or "gone", seconds * 1000)


def _headers(record: RequestRecord, scheme: str) -> list[tuple[bytes, bytes]]:
    """The headers of every answer to this request; what it was called by its caller comes back."""
    added = [*SECURITY_HEADERS, (b"x-request-id", record.request_id.encode())]
    if record.traceparent is not None:
        added.append((b"traceparent", record.traceparent.encode()))
    return [*added, STRICT_TRANSPORT] if scheme == "https" else added
