"""A body within its limits of size and time is passed on completely, any other not at all."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from serving.http.body import BodyLimits, WholeBody
from serving.http.metrics import Metrics

LIMITS = BodyLimits(one=10, batch=20, seconds=0.05)
METRICS = Metrics(shared=False)


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(body.decode())(scope, receive, send)


def sent(parts: Sequence[bytes | None], path: str = "/v1/predict", length: str | None = None) -> tuple[int, str]:
    """Status and text of the answer to a body that comes in parts; ``None`` stands for a part that never comes."""
    headers = [] if length is None else [(b"content-length", length.encode())]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path, "headers": headers}
    waiting = list(parts)
    answer: list[Message] = []

    async def receive() -> Message:
        part = waiting.pop(0)
        if part is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        answer.append(message)

    asyncio.run(WholeBody(inner, limits=lambda: LIMITS, metrics=lambda: METRICS)(scope, receive, send))
    return answer[0]["status"], b"".join(message.get("body", b"") for message in answer).decode()


@pytest.mark.parametrize("parts", [[b"0123456789"], [b"01234", b"56789"], [b"", b"01234", b"", b"56789", b""]])
def test_a_body_within_the_limit_arrives_whole(parts: list[bytes]) -> None:
    assert sent(parts) == (200, "0123456789")


@pytest.mark.parametrize("parts", [[b"0123456789x"], [b"0123456789", b"x", None]])
def test_one_byte_more_is_refused_without_reading_on(parts: list[bytes | None]) -> None:
    status, text = sent(parts)
    assert status == 413
    assert "10 bytes" in text


def test_a_length_announced_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    assert sent([None], length="11")[0] == 413
    assert sent([None], length="9" * 5000)[0] == 413
    assert sent([b"0123456789"], length="10")[0] == 200


def test_a_batch_may_be_longer() -> None:
    assert sent([b"x" * 20], "/v1/predict_batch") == (200, "x" * 20)
    assert sent([b"x" * 21], "/v1/predict_batch")[0] == 413


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predict_batch"])
@pytest.mark.parametrize("parts", [[b""], [b"", b""]])
def test_an_empty_body_is_refused_as_such_and_counted(parts: list[bytes], path: str) -> None:
    before = refusals_without_a_field()
    status, text = sent(parts, path)
    assert status == 400
    assert json.loads(text)["problems"] == [{"path": "", "required": "a JSON text", "found": "nothing"}]
    assert refusals_without_a_field() == before + 1


def refusals_without_a_field() -> float:
    """How many requests were refused as a whole, as the metrics have it."""
    counted = [line for line in METRICS.page().decode().splitlines() if line.startswith('kap_refusals_total{field=""}')]
    return float(counted[0].rpartition(" ")[2]) if counted else 0.0


def test_a_body_that_never_ends_is_given_up() -> None:
    status, text = sent([b"0123", None])
    assert status == 408
    assert "0.05 seconds" in text


def test_a_client_that_goes_away_gets_no_answer() -> None:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": []}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        pytest.fail("the caller has disconnected")

    asyncio.run(WholeBody(inner, limits=lambda: LIMITS, metrics=lambda: METRICS)(scope, receive, send))
