"""What every address that predicts shares: the worker, the time limit, and what is sent where there is no answer."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeVar

import bentoml

from serving.contract.dated_record import DatedRecord, ReceivedRecord, in_days, refusal_in_dates
from serving.contract.failures import StateError
from serving.contract.refusal import RequestRefusedError
from serving.http.access_control import RETRY_SOON
from serving.http.call import CURRENT
from serving.http.errors import ProblemResponse, refusal
from serving.http.request_record import note_predictions
from serving.log.append import EntryChangedError, KeyReusedError, LoggedReply
from serving.prediction.dated_answer import answer_in_dates
from serving.server.batcher import OverloadedError, Reply
from serving.server.worker import Worker

KEY_REUSED = "This Idempotency-Key was used for another request. Send a new one."
KEY_CHANGED = "The logged answer for this Idempotency-Key can't be read. Send a new key."

Answer = TypeVar("Answer")


def current_worker() -> Worker:
    """The state of this process."""
    service: Any = bentoml.get_current_service()
    worker: Worker = service.worker
    return worker


async def answered(work: Awaitable[Answer]) -> Answer | ProblemResponse:
    """The answer within the time limit, why the request is refused, or a 503 that says when to retry."""
    try:
        async with asyncio.timeout(current_worker().settings.answer_seconds):
            return await work
    except RequestRefusedError as refused:
        current_worker().metrics.refused(refused.problems)
        return refusal(refused)
    except StateError:
        current_worker().refused_for_the_log()
        detail = "The prediction log can't be written at the moment, and no answer is sent unlogged."
    except OverloadedError:
        detail = "Too many requests are waiting."
    except TimeoutError:
        detail = "The answer took too long."
    return ProblemResponse(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_SOON)


async def logged_reply(reading: Awaitable[ReceivedRecord]) -> LoggedReply | RequestRefusedError | ProblemResponse:
    """The answer to the record that ``reading`` gives, which is in the log by now; or why there is none.

    The problems of a refused record have its own paths. Other errors of ``reading`` are raised.
    """
    reply = await answered(_reply_to(reading))
    if isinstance(reply, (KeyReusedError, EntryChangedError)):
        return refused_for_its_key(reply)
    if isinstance(reply, LoggedReply):
        note_predictions([reply.prediction_id])
    return reply


async def _reply_to(reading: Awaitable[ReceivedRecord]) -> Reply:
    record = await reading
    return reply_in_form(await current_worker().batcher.answer(in_days(record), CURRENT.get()), record)


def reply_in_form(reply: Reply, record: ReceivedRecord | RequestRefusedError) -> Reply:
    """The reply to a record as its sender wrote it: with dates, if the record was in dates. The log has days only."""
    if not isinstance(record, DatedRecord):
        return reply
    if isinstance(reply, RequestRefusedError):
        return refusal_in_dates(reply)
    if isinstance(reply, LoggedReply):
        return replace(reply, answer=answer_in_dates(reply.answer, record.calendar).decode())
    return reply


def refused_for_its_key(reply: KeyReusedError | EntryChangedError) -> ProblemResponse:
    """What is sent where the caller's idempotency key gives no answer."""
    if isinstance(reply, KeyReusedError):
        return ProblemResponse(HTTPStatus.UNPROCESSABLE_ENTITY, KEY_REUSED)
    return ProblemResponse(HTTPStatus.SERVICE_UNAVAILABLE, KEY_CHANGED, headers=RETRY_SOON)
