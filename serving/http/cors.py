"""CORS: a browser page of another origin may read an answer only if its origin is configured."""

from collections.abc import Callable, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class CrossOriginPolicy:
    """ASGI middleware: CORS for the configured origins; without any it does nothing."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Sequence[str]]) -> None:
        """Wrap ``app``; the origins are looked up at the first request."""
        self._app = app
        self._origins = origins
        self._inner: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with CORS where it is configured."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._inner is None:
            self._inner = self._configured()
        await self._inner(scope, receive, send)

    def _configured(self) -> ASGIApp:
        origins = self._origins()
        if not origins:
            return self._app
        return CORSMiddleware(
            self._app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "traceparent"),
            expose_headers=("Retry-After", "X-Request-Id"),
        )
