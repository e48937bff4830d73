"""Response middleware: security headers for every answer, and one log line and the metrics for every request.

The line has the declared address, never the requested one, and nothing else from the request.
"""

import logging
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.contract.routes import HEALTHZ, LIVEZ, METRICS, READYZ, ROUTES
from serving.http.metrics import Metrics

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
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class ResponseHeaders:
    """ASGI middleware, the outermost except the server's own."""

    def __init__(self, app: ASGIApp, metrics: Callable[[], Metrics]) -> None:
        """Wrap ``app``; the metrics are looked up at each request."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, add the headers, and log the result."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        more = SECURITY_HEADERS + ((STRICT_TRANSPORT,) if scope["scheme"] == "https" else ())
        status = 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                kept = [pair for pair in message["headers"] if pair[0].lower() not in _DROPPED]
                message = {**message, "headers": [*kept, *more]}
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in ROUTES else ELSEWHERE
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics().answered(path, method, status, seconds)
        if path not in _QUIET:
            LOG.info("%s %s %s %.1f ms", method, path, status or "gone", seconds * 1000)
