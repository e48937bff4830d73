"""FHIR over HTTP: one operation and the two resources that describe it.

`serving.fhir` reads and writes; here is decided the status, the type of JSON, and the time of an answer.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.contract import routes
from serving.contract.calendar import today_in
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.fhir.answer.bundle import answer_bundle
from serving.fhir.answer.capability import capability_statement, operation_definition
from serving.fhir.answer.elements import Resource, write
from serving.fhir.answer.operation_outcome import operation_outcome
from serving.fhir.parts import FhirIssue, FhirRecord, FhirRefusedError
from serving.fhir.reading.options import ReadingDefaults
from serving.fhir.reading.problems import issues_of
from serving.http.errors import ProblemResponse
from serving.http.fhir_format import NOT_ACCEPTABLE, answer_type
from serving.http.worker_metrics import software_version
from serving.log.append import LoggedReply
from serving.server.answering import current_worker, logged_reply

Handler: TypeAlias = Callable[[Request, str], Awaitable[Response]]
UNREADABLE = ("structure", "too-long")
"""Issues of a body that is not the JSON of FHIR resources, or has too many: 400. With others it was read, but a value
is wrong or a rule is broken: 422 (FHIR R4, RESTful API)."""


async def _predict(request: Request, media_type: str) -> Response:
    """One patient's prediction from a Bundle or Parameters."""
    worker, body = current_worker(), await request.body()
    model = worker.loader.served
    defaults = ReadingDefaults(today_in, worker.settings.time_zone, model.bundle.protocol)
    read: list[FhirRecord] = []

    async def reading() -> PredictionRequest:
        read.append(await worker.bodies.fhir(body, defaults))
        return read[0].request

    try:
        reply = await logged_reply(reading())
    except FhirRefusedError as refused:
        return _refused(refused.issues)
    if isinstance(reply, ProblemResponse):
        return reply
    if isinstance(reply, RequestRefusedError):
        return _outcome(issues_of(reply, read[0]))
    return _sent(_bundle(reply, read[0]), media_type)


def _bundle(reply: LoggedReply, record: FhirRecord) -> Resource:
    """The logged answer as a bundle, with the time of the log, so that a repeated request gets the same."""
    worker = current_worker()
    return answer_bundle(
        reply.document,
        record,
        worker.pages.description,
        dt.datetime.fromisoformat(reply.at),
        transparency=worker.settings.fhir_ai_transparency,
    )


def _refused(issues: tuple[FhirIssue, ...]) -> Response:
    """Why a bundle is refused, which is counted by the elements at fault."""
    current_worker().metrics.refused([RequestProblem(issue.expression, "", "") for issue in issues])
    return _outcome(issues)


def _outcome(issues: tuple[FhirIssue, ...]) -> Response:
    unreadable = any(issue.code in UNREADABLE for issue in issues)
    status = HTTPStatus.BAD_REQUEST if unreadable else HTTPStatus.UNPROCESSABLE_ENTITY
    return _sent(operation_outcome(issues), routes.FHIR_JSON, status)


@cache
def _metadata() -> bytes:
    return write(capability_statement(software_version()))


@cache
def _operation() -> bytes:
    return write(operation_definition())


async def _send_metadata(_: Request, media_type: str) -> Response:
    return Response(_metadata(), media_type=media_type)


async def _send_operation(_: Request, media_type: str) -> Response:
    return Response(_operation(), media_type=media_type)


def _sent(resource: Resource, media_type: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(write(resource), status, media_type=media_type)


def _in_format(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler that is given the type of its answer; a caller who takes none gets 406."""

    async def handle(request: Request) -> Response:
        media_type = answer_type(request.headers.get("accept", ""), request.query_params.get("_format"))
        if media_type is None:
            return ProblemResponse(HTTPStatus.NOT_ACCEPTABLE, NOT_ACCEPTABLE)
        return await handler(request, media_type)

    return handle


FHIR_ROUTES = [
    Route(routes.FHIR_PREDICT, _in_format(_predict), methods=["POST"]),
    Route(routes.FHIR_METADATA, _in_format(_send_metadata)),
    Route(routes.FHIR_OPERATION, _in_format(_send_operation)),
]
