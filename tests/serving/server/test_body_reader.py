"""A long body is read beside the event loop: others go on meanwhile, and the time for an answer limits it."""

import asyncio
import json
import threading
from zoneinfo import ZoneInfo

import pytest

from serving.contract.reading import read_record, read_request
from serving.contract.refusal import RequestRefusedError
from serving.http.body import BodyLimits
from serving.server import body_reader
from serving.server.body_reader import SHORT_BYTES, BodyReader
from tests.serving.requests import EXAMPLE, example

LIMITS = BodyLimits(one=2**20, batch=2**25, seconds=10)
LONG = json.dumps(example(**{f"name{number}": 1 for number in range(20_000)}))
BATCH = f'{{"requests": [{", ".join([LONG] * 8)}]}}'.encode()


async def _ticks(number: list[int]) -> None:
    while True:
        await asyncio.sleep(0)
        number[0] += 1


def test_others_are_answered_while_a_long_batch_is_read() -> None:
    async def read() -> tuple[int, int]:
        ticks = [0]
        ticking = asyncio.create_task(_ticks(ticks))
        batch = await BodyReader(LIMITS).batch(BATCH)
        ticking.cancel()
        return len(batch.records), ticks[0]

    records, ticks = asyncio.run(read())
    assert records == 8
    assert ticks >= 8  # the loop had a turn for each record at least


def test_reading_stops_when_the_time_for_an_answer_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "SLICE_SECONDS", 0.0)

    async def read() -> None:
        async with asyncio.timeout(0.05):
            await BodyReader(LIMITS).batch(b'{"requests": [' + b",".join([LONG.encode()] * 60) + b"]}")

    with pytest.raises(TimeoutError):
        asyncio.run(read())


@pytest.mark.parametrize("fill", [0, 2 * SHORT_BYTES])
def test_a_long_record_is_read_in_a_thread_and_a_short_one_at_once(fill: int, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def watched(body: bytes, zone: ZoneInfo | None) -> object:
        threads.append(threading.current_thread())
        return read_record(body, zone)

    monkeypatch.setattr(body_reader, "read_record", watched)
    body = json.dumps(EXAMPLE).encode() + b" " * fill
    assert asyncio.run(BodyReader(LIMITS).one(body)) == read_request(json.dumps(EXAMPLE))
    assert (threads == [threading.main_thread()]) == (fill == 0)


def test_a_long_batch_that_is_refused_says_why() -> None:
    with pytest.raises(RequestRefusedError) as caught:
        asyncio.run(BodyReader(LIMITS).batch(BATCH[:-1]))
    assert [problem.found for problem in caught.value.problems] == ["malformed JSON"]
