"""Errors over HTTP as problem details (RFC 9457), and a server log without patients' values."""

import json
import logging
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from bentoml.exceptions import BentoMLException
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.contract.refusal import RequestProblem, problems_in_details
from serving.http.metrics import Metrics

PROBLEM_JSON = "application/problem+json"
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
        problems: Sequence[RequestProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Compose the document; without a detail it has that of ``ACTIONS``, or repeats the title."""
        title = HTTPStatus(status).phrase
        detail = detail or ACTIONS.get(HTTPStatus(status), title)
        document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        if problems:
            document["problems"] = [asdict(problem) for problem in problems]
        super().__init__(json.dumps(document), status_code=status, headers=headers)


def refusal(problems: Sequence[RequestProblem]) -> ProblemResponse:
    """The answer to a request that is refused."""
    return ProblemResponse(HTTPStatus.BAD_REQUEST, REFUSED, problems)


class ProblemDetails:
    """ASGI middleware: every error is sent as problem details.

    Of the server's own error documents only pydantic's details are read, which contain no input. An uncaught exception
    is logged by its class and place, and answered with 500.
    """

    def __init__(self, app: ASGIApp, metrics: Callable[[], Metrics]) -> None:
        """Wrap ``app``; the metrics, looked up at each request, count refused requests."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream a success; hold an error until it is complete, then rewrite it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held = _HeldResponse(send)
        try:
            await self._app(scope, receive, held)
        except Exception:
            if held.begun:
                raise
            LOG.exception("a request failed")
            await ProblemResponse(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
            return
        if held.start is not None:
            problems = _problems(held.start, held.body)
            if problems:
                self._metrics().refused(problems)
            answer = refusal(problems) if problems else ProblemResponse(held.start["status"])
            await answer(scope, receive, send)


class _HeldResponse:
    """A ``send`` that holds an error, unless it is a problem document already."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.start: Message | None = None
        self.body = b""
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_foreign_error(message):
            self.start = message
        elif self.start is None:
            self.begun = True
            await self._send(message)
        else:
            self.body += message.get("body", b"")


def _is_foreign_error(start: Message) -> bool:
    media_type = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= HTTPStatus.BAD_REQUEST and not media_type.startswith(PROBLEM_JSON)


def _problems(start: Message, body: bytes) -> list[RequestProblem]:
    """The problems in the server's own error document; empty if it has none or can't be read."""
    if start["status"] != HTTPStatus.BAD_REQUEST:
        return []
    try:
        details: Iterable[dict[str, Any]] = json.loads(body)["detail"]
        return problems_in_details(details)
    except (ValueError, KeyError, TypeError):
        return []


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
