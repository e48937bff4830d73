"""Errors over HTTP as problem details (RFC 9457), and a server log without patients' values."""

import json
import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from bentoml.exceptions import BentoMLException
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.contract.refusal import RequestRefusedError
from serving.contract.routes import DECIDE, FHIR_JSON, JSON, READYZ

PROBLEM_JSON = "application/problem+json"
HTML = "text/html"
_KEPT = {READYZ: (JSON,), DECIDE: (HTML,)}
"""Errors that are sent as they are, by address and media type."""
LOG = logging.getLogger("bentoml.kap")
ACTIONS = {
    HTTPStatus.NOT_FOUND: "There is no such address. GET /openapi.json lists the addresses.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take the method. Use one that the header Allow names.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "An internal error. Report this answer's X-Request-Id to the operator.",
}
"""The detail of statuses that say nothing about the request."""
LOGGERS = ("", "bentoml", "uvicorn", "uvicorn.error", "circus")
"""The server's loggers that have handlers."""
REFUSED = "The request is not valid, and nothing was predicted. Correct the fields listed in problems."


class ProblemResponse(Response):
    """An error as problem details; ``problems`` name the path of each field and the rule, never the value."""

    media_type = PROBLEM_JSON

    def __init__(
        self,
        status: int,
        detail: str = "",
        refused: RequestRefusedError | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Compose the document; without a detail it has that of ``ACTIONS``, or repeats the title."""
        title = HTTPStatus(status).phrase
        detail = detail or ACTIONS.get(HTTPStatus(status), title)
        document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        if refused is not None:
            document |= refused.as_document()
        super().__init__(json.dumps(document), status_code=status, headers=headers)


def refusal(refused: RequestRefusedError) -> ProblemResponse:
    """The answer to a request that is refused."""
    return ProblemResponse(HTTPStatus.BAD_REQUEST, REFUSED, refused)


def unauthorized(detail: str) -> ProblemResponse:
    """The answer to a caller without a key or token that is accepted."""
    return ProblemResponse(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": 'Bearer realm="kap"'})


def too_many(caller: str, wait: float) -> ProblemResponse:
    """The answer to a caller that must wait for ``wait`` seconds."""
    seconds = ceil(wait)
    retry = f"Retry after {seconds} second{'s' if seconds > 1 else ''}."
    detail = f"This {caller} has reached its rate limit. {retry}"
    return ProblemResponse(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(seconds)})


class ProblemDetails:
    """ASGI middleware: every error is sent as problem details.

    Only the report of ``/readyz``, the page of ``/decide`` and outcomes of FHIR stay as they are. Of other errors only
    the status is kept. An uncaught exception is logged by its class and place, and answered with 500.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream a success; hold an error until it is complete, then rewrite it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held = _HeldResponse(send, _KEPT.get(scope["path"], ()))
        try:
            await self._app(scope, receive, held)
        except Exception:
            if held.begun:
                raise
            LOG.exception("a request failed")
            await ProblemResponse(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
            return
        if held.status is not None:
            await ProblemResponse(held.status)(scope, receive, send)


class _HeldResponse:
    """A ``send`` that holds an error back, unless it is a problem, an outcome, or of a type that is ``kept``."""

    def __init__(self, send: Send, kept: tuple[str, ...]) -> None:
        self._send = send
        self._kept = (PROBLEM_JSON, FHIR_JSON, *kept)
        self.status: int | None = None
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_foreign_error(message):
            self.status = message["status"]
        elif self.status is None:
            self.begun = True
            await self._send(message)

    def _is_foreign_error(self, start: Message) -> bool:
        media_type = Headers(raw=start["headers"]).get("content-type", "")
        return start["status"] >= HTTPStatus.BAD_REQUEST and not media_type.startswith(self._kept)


class ValueFilter(logging.Filter):
    """Keeps values out of a log: an exception is logged by its class and the lines of code, never by its text.

    The caller corrects a refused request; the answer lists its problems, and only the access log has a line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may be logged; its exception's text is removed."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        if isinstance(error, ValidationError) or (isinstance(error, BentoMLException) and error.error_code < 500):
            return False
        frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
        record.exc_text = "".join(frames) + type(error).__name__
        record.exc_info = None
        return True


def keep_values_out_of_logs() -> None:
    """Add the filter to every handler of the server's loggers; call it after logging is configured."""
    for name in LOGGERS:
        for handler in logging.getLogger(name).handlers:
            if not any(isinstance(present, ValueFilter) for present in handler.filters):
                handler.addFilter(ValueFilter())
