"""The page for the shared decision over HTTP: a launch is made with a key, and opened by its token.

`serving.decision` draws the page; `serving.storage.launches` keeps what it shows for some minutes.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.contract import routes
from serving.contract.calendar import today_in
from serving.contract.dated_record import DatedRecord, ReceivedRecord, in_days
from serving.contract.failures import LogUnavailableError
from serving.contract.refusal import RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.contract.response import PredictionResponse
from serving.decision.link import launch_path
from serving.decision.page import render_page, render_refusal
from serving.decision.questions import changed_request
from serving.decision.study import study_facts
from serving.decision.view import decision_view
from serving.decision.what_if import WhatIfQuestion, logged_what_if, read_what_if, what_if_numbers
from serving.http.call import CURRENT
from serving.http.errors import ProblemResponse, refusal
from serving.http.launch_admission import OVER, PageResponse, sent_language
from serving.http.request_record import note_predictions
from serving.log.append import Draft, LoggedReply, PredictionErasedError
from serving.log.queries import LogEntry
from serving.prediction.predictor import PredictionReply
from serving.server.answering import answered, current_worker, logged_reply
from serving.server.batcher import input_text
from serving.storage.launches import MOST_WHAT_IFS, Launch, expiry_of

MANY = f"This page has had its {MOST_WHAT_IFS} what-ifs. Open it again from the patient's record."
REPLACED = "The model was replaced since this page was made. Open it again from the patient's record."
_HTML = re.compile(r"text/html\s*(;|$)", re.IGNORECASE)


@dataclass(frozen=True)
class OpenedLaunch:
    """A launch and the entry of its prediction, which is still in the log."""

    launch: Launch
    entry: LogEntry


async def _launch_page(request: Request) -> Response:
    """``POST /decide``: predict for a record, and make a page of the answer."""
    return await answered(_made_page(await request.body(), request))


async def _made_page(body: bytes, request: Request) -> Response:
    read: list[ReceivedRecord] = []

    async def reading() -> PredictionRequest:
        read.append(await current_worker().bodies.one(body))
        return in_days(read[0])

    reply = await logged_reply(reading())
    if isinstance(reply, RequestRefusedError):
        return refusal(reply)
    if not isinstance(reply, LoggedReply):
        return reply
    first_dose = read[0].calendar.first_dose.isoformat() if isinstance(read[0], DatedRecord) else None
    record = in_days(read[0]).model_dump_json().encode()
    launch = Launch(reply.prediction_id, record, first_dose, reply.answer.encode())
    token = await asyncio.to_thread(current_worker().launches.create, launch)
    if any(_HTML.match(part.strip()) for part in request.headers.get("accept", "").split(",")):
        return PageResponse(_page_of(launch, token, request), HTTPStatus.CREATED, launch_path(token))
    made = {"path": launch_path(token), "expires_at": expiry_of(token).isoformat()}
    return _json(made, HTTPStatus.CREATED, Location=launch_path(token))


async def _open_page(request: Request) -> Response:
    """``GET /decide``: the page of a launch."""
    token = CURRENT.get().launch or ""
    try:
        opened = await asyncio.to_thread(_opened, token)
    except LogUnavailableError:
        current_worker().refused_for_the_log()
        page = render_refusal("busy", sent_language(request.scope, request.headers))
        return PageResponse(page, HTTPStatus.SERVICE_UNAVAILABLE)
    if opened is None:
        page = render_refusal("gone", sent_language(request.scope, request.headers))
        return PageResponse(page, HTTPStatus.GONE)
    note_predictions([opened.launch.prediction_id])
    return PageResponse(_page_of(opened.launch, token, request), HTTPStatus.OK)


async def _what_if(request: Request) -> Response:
    """``POST /decide/what-if``: the numbers of another patient, who differs in an answer that is still open."""
    reply = await answered(_answer_what_if(await request.body(), CURRENT.get().launch or ""))
    return reply if isinstance(reply, Response) else _json(reply)


async def _answer_what_if(body: bytes, token: str) -> object:
    asked, opened = read_what_if(body), await asyncio.to_thread(_opened, token)
    if opened is None:
        return ProblemResponse(HTTPStatus.GONE, OVER)
    served = current_worker().loader.served
    answer = PredictionResponse.model_validate_json(opened.launch.answer).root
    if answer.model.bundle_digest != served.bundle.digest:
        return ProblemResponse(HTTPStatus.CONFLICT, REPLACED)
    record = changed_request(opened.launch.request, answer, study_facts(served.bundle), asked.answers)
    if not await asyncio.to_thread(current_worker().launches.take_what_if, token):
        return ProblemResponse(HTTPStatus.TOO_MANY_REQUESTS, MANY)
    (reply,) = served.predictor.answer_many([record], [str(uuid4())])
    if isinstance(reply, RequestRefusedError):
        raise reply
    try:
        await current_worker().log.append([_draft(opened, asked, record, reply)], {opened.entry.prediction_id})
    except PredictionErasedError:
        return ProblemResponse(HTTPStatus.GONE, OVER)
    note_predictions([reply.answer["prediction_id"]])
    return what_if_numbers(reply.body, asked.language)


def _draft(opened: OpenedLaunch, asked: WhatIfQuestion, record: PredictionRequest, reply: PredictionReply) -> Draft:
    """The entry of a what-if: about the same patient, so that an erasure reaches it, in the name of the same caller."""
    entry, now = opened.entry, time.perf_counter()
    return Draft(
        prediction_id=reply.answer["prediction_id"],
        caller=entry.caller,
        model_digest=entry.model_digest,
        model_version=entry.model_version,
        run_id=entry.run_id,
        landmark=reply.landmark,
        landmark_day=reply.landmark_day,
        latency_us=round((now - CURRENT.get().received) * 1e6),
        patient=entry.patient,
        input_digest=current_worker().secret.mac("input", input_text(record, in_full=True)),
        row=None if reply.row is None else reply.row.decode(),
        answer=logged_what_if(reply.body, entry.prediction_id, asked.answers),
        kind="what_if",
    )


def _opened(token: str) -> OpenedLaunch | None:
    """A launch whose prediction is in the log; none once the patient was erased, however short ago."""
    worker = current_worker()
    launch = worker.launches.open(token)
    entry = None if launch is None else worker.logged(launch.prediction_id)
    if launch is None or entry is None or entry.answer is None:
        return None
    return OpenedLaunch(launch, entry)


def _page_of(launch: Launch, token: str, request: Request) -> str:
    worker = current_worker()
    served, settings = worker.loader.served, worker.settings
    described = served.pages.description
    study = study_facts(served.bundle, described.performance, described.promotion)
    view = decision_view(launch, study, token, settings.launch_minutes, today_in(settings.time_zone))
    return render_page(view, sent_language(request.scope, request.headers))


def _json(document: object, status: int = HTTPStatus.OK, **headers: str) -> Response:
    return Response(orjson.dumps(document), status, headers, "application/json")


DECISION_ROUTES = [
    Route(routes.DECIDE, _open_page, methods=["GET"]),
    Route(routes.DECIDE, _launch_page, methods=["POST"]),
    Route(routes.WHAT_IF, _what_if, methods=["POST"]),
]
