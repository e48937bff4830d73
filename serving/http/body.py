"""Limits on the size and time of a request body, which is read completely before it is parsed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.contract.refusal import NOTHING_SENT, RequestRefusedError
from serving.contract.routes import route_of
from serving.http.errors import ProblemResponse, refusal
from serving.http.metrics import Metrics


@dataclass(frozen=True)
class BodyLimits:
    """Bytes of one request and of a batch, and seconds for either to arrive."""

    one: int
    batch: int
    seconds: float


class _DisconnectedError(Exception):
    """The caller has disconnected."""


class WholeBody:
    """ASGI middleware: passes a request on with its whole body, or refuses it with a problem document.

    It also refuses an empty body, which the server would take for an empty object.
    """

    def __init__(self, app: ASGIApp, limits: Callable[[], BodyLimits], metrics: Callable[[], Metrics]) -> None:
        """Wrap ``app``; limits and metrics are looked up at each request."""
        self._app = app
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, check it, and pass it on."""
        route = route_of(scope["path"], scope["method"]) if scope["type"] == "http" else None
        if route is None or route.body == "none":
            await self._app(scope, receive, send)
            return
        limits = self._limits()
        most = limits.one if route.body == "one" else limits.batch
        announced = Headers(scope=scope).get("content-length", "")
        try:
            too_large = announced.isdigit() and int(announced[:20]) > most
            body = None if too_large else await asyncio.wait_for(_read(receive, most), limits.seconds)
        except TimeoutError:
            await _late(limits.seconds)(scope, receive, send)
            return
        except _DisconnectedError:
            return
        if body is None:
            await _too_large(most)(scope, receive, send)
            return
        if not body:
            self._metrics().refused([NOTHING_SENT])
            await refusal(RequestRefusedError([NOTHING_SENT]))(scope, receive, send)
            return
        await self._app(scope, _BodyReplay(body, receive), send)


class _BodyReplay:
    """A ``receive`` that gives a body already read, then the messages after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return message if message is not None else await self._receive()


async def _read(receive: Receive, most: int) -> bytes | None:
    """The whole body; ``None`` when it is larger than ``most``."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DisconnectedError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(most: int) -> ProblemResponse:
    detail = f"The body must not exceed {most} bytes."
    return ProblemResponse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers={"Connection": "close"})


def _late(seconds: float) -> ProblemResponse:
    detail = f"The body did not arrive within {seconds:g} seconds. Send it again."
    return ProblemResponse(HTTPStatus.REQUEST_TIMEOUT, detail, headers={"Connection": "close"})
