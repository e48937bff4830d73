"""CDS Hooks over HTTP: the discovery, a service for each hook, and feedback on its cards.

`serving.cds_hooks` reads calls and makes cards; here is decided the status of an answer, and what is logged.
"""

import asyncio
import time
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.cds_hooks.card import CardsResponse
from serving.cds_hooks.card_text import CardContext
from serving.cds_hooks.cards import NO_CARDS, CardSettings, prediction_cards, read_answer
from serving.cds_hooks.consultation import Consultation, ConsultationReader
from serving.cds_hooks.feedback import UNKNOWN_CARD, CardFeedback, FeedbackReceipt, read_feedback
from serving.cds_hooks.prefetch import MISSING, PrefetchMissingError
from serving.cds_hooks.services import SERVICES, CdsService, discovery
from serving.contract import routes
from serving.contract.calendar import today_in
from serving.contract.refusal import RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.contract.response import Prediction
from serving.decision.link import launch_path
from serving.http.call import CURRENT
from serving.http.errors import ProblemResponse, refusal
from serving.log.append import Draft, LoggedReply, PredictionErasedError, Result
from serving.log.feedback import feedback_draft
from serving.server.answering import answered, current_worker, logged_reply, refused_for_its_key
from serving.storage.launches import Launch
from serving.terminology.codes import load_terminology


async def _discovery(_: Request) -> Response:
    """What an EHR needs to know to call the services; it is public."""
    protocol = current_worker().loader.served.bundle.protocol
    return _json(discovery(protocol, load_terminology()).written())


async def _answer(service: CdsService, request: Request) -> Response:
    """The cards for one call, which are logged as the prediction that they show."""
    try:
        return await answered(_answer_to(await request.body(), service))
    except PrefetchMissingError as missing:
        refused = RequestRefusedError(missing.problems)
        current_worker().metrics.refused(refused.problems)
        return ProblemResponse(HTTPStatus.PRECONDITION_FAILED, MISSING, refused)


async def _answer_to(body: bytes, service: CdsService) -> Response:
    consultation = await _consulted(body, service)
    if consultation is None:
        return _json(NO_CARDS.written())
    reply = await logged_reply(_given(consultation.record.request))
    if isinstance(reply, ProblemResponse):
        return reply
    if isinstance(reply, RequestRefusedError):
        return refusal(consultation.refused(reply))
    return _json((await _cards(consultation, reply)).written())


async def _consulted(body: bytes, service: CdsService) -> Consultation | None:
    worker = current_worker()
    protocol, zone = worker.loader.served.bundle.protocol, worker.settings.time_zone
    reader = ConsultationReader(today_in, zone, protocol, load_terminology())
    return await worker.bodies.hook(body, partial(reader.read, service=service))


async def _given(request: PredictionRequest) -> PredictionRequest:
    return request


async def _cards(consultation: Consultation, reply: LoggedReply) -> CardsResponse:
    """The card of a logged answer; that of a prediction has a link to the page on which both look at it together."""
    settings, described = current_worker().settings, current_worker().pages.description
    wanted = CardSettings(settings.cds_no_answer, settings.public_url)
    answer, launch = read_answer(reply.answer), None
    record = consultation.record
    if wanted.public_url is not None and isinstance(answer, Prediction):
        made = Launch(
            reply.prediction_id,
            record.request.model_dump_json().encode(),
            record.calendar.first_dose.isoformat(),
            reply.answer.encode(),
        )
        launch = launch_path(await asyncio.to_thread(current_worker().launches.create, made))
    promotion = described.promotion if described.bundle_digest == answer.model.bundle_digest else None
    context = CardContext(record.calendar, consultation.prefetched.lacking, consultation.is_over, promotion)
    return prediction_cards(answer, context, wanted, launch)


async def _take_feedback(service: CdsService, request: Request) -> Response:
    """Log what became of cards: all that was sent, or nothing."""
    body = await request.body()
    results = await answered(_logged_feedback(body, service))
    if isinstance(results, ProblemResponse):
        return results
    for result in results:
        if not isinstance(result, LoggedReply):
            return refused_for_its_key(result)
    return _json(FeedbackReceipt(logged=len(results)).model_dump_json().encode())


async def _logged_feedback(body: bytes, service: CdsService) -> list[Result]:
    """What the log holds of the feedback that was sent; raises ``RequestRefusedError`` for an unknown card."""
    worker = current_worker()
    given = (await worker.bodies.hook(body, read_feedback)).feedback
    drafts = await _drafts(given, service)
    try:
        return await worker.log.append(drafts, {one.prediction_id for one in given})
    except PredictionErasedError:  # while the feedback waited for the log
        raise RequestRefusedError([replace(UNKNOWN_CARD, path="feedback")]) from None


async def _drafts(given: list[CardFeedback], service: CdsService) -> list[Draft]:
    worker, call = current_worker(), CURRENT.get()
    found = await worker.predictions([one.prediction_id for one in given])
    if call.issuer is not None:  # an EHR reaches only the cards that it was sent
        found = {name: entry for name, entry in found.items() if entry.caller == call.caller}
    unknown = [
        replace(UNKNOWN_CARD, path=f"feedback[{place}].card")
        for place, one in enumerate(given)
        if one.prediction_id not in found or found[one.prediction_id].patient is None
    ]
    if unknown:
        raise RequestRefusedError(unknown)
    latency_us = round((time.perf_counter() - call.received) * 1e6)
    return [
        feedback_draft(
            worker.secret,
            found[one.prediction_id],
            one,
            service=service.id,
            caller=call.caller,
            latency_us=latency_us,
        )
        for one in given
    ]


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


CDS_HOOKS_ROUTES = [
    Route(routes.CDS_SERVICES, _discovery),
    *(Route(one.path, partial(_answer, one), methods=["POST"]) for one in SERVICES),
    *(Route(one.feedback_path, partial(_take_feedback, one), methods=["POST"]) for one in SERVICES),
]
