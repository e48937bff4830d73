"""Errors of the FHIR addresses as operation outcomes: those of access control, body limits, routes and defects."""

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.contract.routes import FHIR, FHIR_JSON
from serving.fhir.answer.elements import write
from serving.fhir.answer.operation_outcome import outcome_of_status
from serving.http.errors import PROBLEM_JSON


class OperationOutcomes:
    """ASGI middleware outside of `ProblemDetails`: under ``/fhir`` each problem document is sent as a resource.

    Status and headers stay; an outcome that a route sent itself passes.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and translate what comes back."""
        if scope["type"] == "http" and (scope["path"] == FHIR or scope["path"].startswith(f"{FHIR}/")):
            send = _ProblemTranslator(send)
        await self._app(scope, receive, send)


class _ProblemTranslator:
    """A ``send`` that holds a problem document until it is complete, and sends an operation outcome instead."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_outcome(self._start)

    async def _send_outcome(self, start: Message) -> None:
        problem = orjson.loads(self._body)
        body = write(outcome_of_status(start["status"], problem["detail"], problem.get("problems", ())))
        replaced = {b"content-type": FHIR_JSON.encode(), b"content-length": str(len(body)).encode()}
        headers = [(name, replaced.get(name.lower(), value)) for name, value in start["headers"]]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(PROBLEM_JSON)
