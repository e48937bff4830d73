"""Requests that wait are answered together: a failing one affects no other, and no answer precedes its log entry."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from serving.contract.failures import LogUnavailableError
from serving.contract.refusal import RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.http.body import BodyLimits
from serving.http.call import AdmittedRequest
from serving.http.metrics import Metrics
from serving.log.append import Draft, LoggedReply
from serving.log.queries import read_entries
from serving.log.writer import LogWriter
from serving.openapi.static_responses import pages_of
from serving.prediction.predictor import Predictor
from serving.prediction.predictor import Reply as Prediction
from serving.server.batcher import AT_ONCE, LARGE_TURN, LINGER_SECONDS, OverloadedError, Reply, RequestBatcher
from serving.server.model_loader import ServedModel
from tests.serving.bundles import toy_bundle
from tests.serving.logs import SECRET, HeldCommits, log_in, writing_to
from tests.serving.requests import EXAMPLE, changed, read

CALL = AdmittedRequest(None, time.perf_counter())
POISON_AGE = 66


class CountingPredictor(Predictor):
    """Notes how many requests are predicted together, and fails on a patient of 66."""

    def __init__(self) -> None:
        super().__init__(toy_bundle(), "3", "a1b2")
        self.together: list[int] = []

    def answer_many(
        self, requests: Sequence[PredictionRequest], prediction_ids: Sequence[str], *, in_full: bool = True
    ) -> list[Prediction]:
        self.together.append(len(requests))
        if any(vars(request.patient)["age_years"] == POISON_AGE for request in requests):
            raise ZeroDivisionError
        return super().answer_many(requests, prediction_ids, in_full=in_full)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Engine]:
    engine = log_in(tmp_path)
    yield engine
    engine.dispose()


def served(predictor: Predictor) -> ServedModel:
    limits = BodyLimits(2**20, 2**25, 10)
    pages = pages_of(predictor, run_id="a1b2", tag="kap-outcomes:x", performance=None, limits=limits)
    return ServedModel(predictor.bundle, "3", "a1b2", "kap-outcomes:x", predictor, pages)


def batcher(writer: LogWriter, predictor: Predictor, most_waiting: int = 4_000) -> RequestBatcher:
    now = served(predictor)
    predictor.__dict__.get("together", []).clear()  # the examples of the OpenAPI document
    return RequestBatcher(lambda: now, writer, SECRET, Metrics(shared=False), most_waiting)


def aged(*years: float) -> list[PredictionRequest]:
    return [read(changed(("patient", "age_years"), age)) for age in years]


def answered(replies: Sequence[Reply | BaseException]) -> list[str]:
    return [reply.prediction_id for reply in replies if isinstance(reply, LoggedReply)]


def test_those_who_ask_at_the_same_time_are_predicted_together(log: Engine) -> None:
    predictor = CountingPredictor()

    async def ask() -> list[Reply]:
        with writing_to(log) as writer:
            at = batcher(writer, predictor)
            return await asyncio.gather(*(at.answer(one, CALL) for one in aged(*range(20, 60))))

    ids = answered(asyncio.run(ask()))
    assert predictor.together == [40]
    assert ids == [entry.prediction_id for entry in read_entries(log, SECRET)]
    assert len(set(ids)) == 40


def test_one_request_that_fails_fails_alone(log: Engine) -> None:
    async def ask() -> list[Any]:
        with writing_to(log) as writer:
            at = batcher(writer, CountingPredictor())
            asking = (at.answer(one, CALL) for one in aged(30, POISON_AGE, 31))
            return await asyncio.gather(*asking, return_exceptions=True)

    replies = asyncio.run(ask())
    assert isinstance(replies[1], ZeroDivisionError)
    assert len(answered(replies)) == 2


def test_a_batch_is_predicted_in_portions_between_which_others_have_their_turn(log: Engine) -> None:
    predictor = CountingPredictor()
    (patient,) = aged(30)

    async def ask() -> tuple[list[Reply], Reply]:
        with writing_to(log) as writer:
            at = batcher(writer, predictor)
            batch = asyncio.ensure_future(at.answer_batch([patient] * (3 * AT_ONCE), CALL, in_full=False))
            await asyncio.sleep(0)
            single = await at.answer(patient, CALL)
            return await batch, single

    replies, single = asyncio.run(ask())
    assert len(answered(replies)) == 3 * AT_ONCE
    assert isinstance(single, LoggedReply)
    assert max(predictor.together) <= AT_ONCE


def test_what_was_refused_when_it_was_read_stays_in_its_place(log: Engine) -> None:
    refused = RequestRefusedError([])
    (patient,) = aged(30)

    async def ask() -> list[Reply]:
        with writing_to(log) as writer:
            return await batcher(writer, CountingPredictor()).answer_batch(
                [refused, patient, refused], CALL, in_full=False
            )

    replies = asyncio.run(ask())
    assert (replies[0], replies[2]) == (refused, refused)
    assert isinstance(replies[1], LoggedReply)


def test_more_than_may_wait_are_sent_away(log: Engine) -> None:
    async def ask() -> list[Any]:
        with writing_to(log) as writer:
            at = batcher(writer, CountingPredictor(), most_waiting=3)
            asking = (at.answer(one, CALL) for one in aged(30, 31, 32, 33, 34))
            first = await asyncio.gather(*asking, return_exceptions=True)
            return [*first, await at.answer(*aged(35), CALL)]

    replies = asyncio.run(ask())
    assert [isinstance(reply, OverloadedError) for reply in replies] == [False, False, False, True, True, False]


class SilentLogWriter(LogWriter):
    """A log that is not there."""

    async def append(self, drafts: Sequence[Draft]) -> Any:
        raise LogUnavailableError("it is not there")


def test_nobody_is_answered_what_could_not_be_logged(log: Engine) -> None:
    async def ask() -> list[Any]:
        writer = SilentLogWriter(log, SECRET)
        asking = (batcher(writer, CountingPredictor()).answer(one, CALL) for one in aged(30, 31))
        try:
            return await asyncio.gather(*asking, return_exceptions=True)
        finally:
            writer.close()

    assert [type(reply) for reply in asyncio.run(ask())] == [LogUnavailableError, LogUnavailableError]


def test_every_reply_is_logged_before_it_is_given(log: Engine) -> None:
    """A caller who is answered finds the entry there at once, from another connection."""
    seen: list[bool] = []

    async def ask() -> None:
        with writing_to(log) as writer:
            at = batcher(writer, CountingPredictor())
            for number, one in enumerate(aged(*range(30, 40))):
                reply = await at.answer(one, replace(CALL, idempotency=f"k{number}"))
                assert isinstance(reply, LoggedReply)
                seen.append(reply.prediction_id in {entry.prediction_id for entry in read_entries(log, SECRET)})

    asyncio.run(ask())
    assert seen == [True] * 10
    assert EXAMPLE["patient"]["patient_ref"] not in str(list(read_entries(log, SECRET)))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("more", "while_it_waits", "in_the_end"),
    [(LARGE_TURN, [1, 2, LARGE_TURN], [1, 2, LARGE_TURN]), (3, [1, 2], [1, 2, 3])],
    ids=["many", "few"],
)
def test_a_large_turn_is_predicted_while_the_last_ones_flush_waits_and_a_few_wait_for_it(
    log: Engine, more: int, while_it_waits: list[int], in_the_end: list[int]
) -> None:
    predictor = CountingPredictor()

    async def ask() -> list[Reply]:
        with writing_to(log) as writer:
            at = batcher(writer, predictor)
            await at.answer(*aged(29), CALL)  # the log is there
            held = HeldCommits(log)
            asking = [asyncio.ensure_future(at.answer(one, CALL)) for one in aged(30, 31)]
            await until(lambda: held.begun == 1)
            asking += [asyncio.ensure_future(at.answer(one, CALL)) for one in aged(*range(32, 32 + more))]
            await asyncio.sleep(10 * LINGER_SECONDS)
            await until(lambda: predictor.together == while_it_waits)
            assert not any(one.done() for one in asking), "no answer is sent before it is on disk"
            held.let_go()
            return await asyncio.gather(*asking)

    assert len(answered(asyncio.run(ask()))) == 2 + more
    assert predictor.together == in_the_end


def test_callers_who_ask_again_and_again_come_together_in_one_turn(log: Engine) -> None:
    """Three began later than the others, and share their turns from the second on."""
    predictor = CountingPredictor()

    async def ask() -> None:
        with writing_to(log) as writer:
            at = batcher(writer, predictor)
            await at.answer(*aged(29), CALL)
            held = HeldCommits(log)

            async def caller(age: int) -> None:
                for _ in range(3):
                    await at.answer(*aged(age), CALL)

            asking = [asyncio.ensure_future(caller(age)) for age in (30, 31)]
            await until(lambda: held.begun == 1)
            asking += [asyncio.ensure_future(caller(age)) for age in (32, 33, 34)]
            await asyncio.sleep(0)
            held.let_go()
            await asyncio.gather(*asking)

    asyncio.run(ask())
    assert predictor.together == [1, 2, 5, 5, 3]


def test_a_turn_is_one_flush_and_turns_that_wait_share_the_next(log: Engine) -> None:
    async def ask() -> int:
        with writing_to(log) as writer:
            at = batcher(writer, CountingPredictor())
            await at.answer(*aged(29), CALL)
            held = HeldCommits(log)
            asking = [asyncio.ensure_future(at.answer(one, CALL)) for one in aged(30, 31)]
            await until(lambda: held.begun == 1)
            for age in (32, 33, 34):  # a turn each
                asking.append(asyncio.ensure_future(at.answer(*aged(age), CALL)))
                await asyncio.sleep(0.01)
            held.let_go()
            await asyncio.gather(*asking)
            return held.begun

    assert asyncio.run(ask()) == 2
