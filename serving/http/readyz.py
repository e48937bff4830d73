"""Readiness of this worker, with the reason if it can't answer, instead of BentoML's empty page."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.contract.routes import READYZ


@dataclass(frozen=True)
class ReadinessReport:
    """``ready``: requests are answered. ``newest_model_refused``: why a newer model is not loaded, else null.

    ``model_overridden``: the model that answers was promoted although checks were not met; ``GET /v1/model`` has them.
    """

    ready: bool
    model_version: str
    model: str
    log: str
    newest_model_refused: str | None
    model_overridden: bool = False


class Readyz:
    """ASGI middleware that answers ``GET /readyz``: 200 or 503, with the `ReadinessReport` either way."""

    def __init__(self, app: ASGIApp, readiness: Callable[[], ReadinessReport]) -> None:
        """Wrap ``app``; the readiness is looked up at each request."""
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["path"] != READYZ:
            await self._app(scope, receive, send)
            return
        readiness = self._readiness()
        status = HTTPStatus.OK if readiness.ready else HTTPStatus.SERVICE_UNAVAILABLE
        headers = {} if readiness.ready else {"Retry-After": "1"}
        answer = Response(orjson.dumps(asdict(readiness)), status, headers, "application/json")
        await answer(scope, receive, send)
