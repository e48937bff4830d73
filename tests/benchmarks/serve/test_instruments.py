"""The measuring itself: what it counts as wrong, what it counts as slow, and what it leaves behind."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.benchmarks.measure import environment
from tests.benchmarks.serve.connection import dechunked
from tests.benchmarks.serve.load import arrivals, main
from tests.benchmarks.serve.memory import growth
from tests.benchmarks.serve.plan import Expected, LoadTimes, Plan
from tests.benchmarks.serve.processes import descendants, free_port, running

Reply = Callable[[int], bytes | None]
"""What the server sends to its nth request, from 0; ``None``: it hangs up."""


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def in_chunks(body: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def prediction(**changes: object) -> bytes:
    risk = {"probability": 0.4, "interval_90": {"low": 0.3, "high": 0.5}}
    reasons = {"contributions": [{"feature": "age_years"}, {"feature": "sex_female"}]}
    document = {
        "outcome": "predicted",
        "prediction_id": str(uuid4()),
        "model": {"version": "1"},
        "remission": risk,
        "relapse": {"curve": [{"day": 0}], "at_horizons": [risk]},
        "sustained_remission": [risk],
        "reasons": {"remission": reasons, "relapse": reasons},
    }
    return json.dumps(document | changes).encode()


@contextmanager
def serving(reply: Reply) -> Iterator[int]:
    """A server on loopback, in a thread; its port."""
    port, ready, number = free_port(), threading.Event(), iter(range(10**6))
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            await reader.readexactly(int(head.lower().partition("content-length: ")[2].split("\r\n")[0]))
            sent = reply(next(number))
            if sent is None:
                break
            writer.write(sent)
        writer.close()

    async def listen() -> None:
        async with await asyncio.start_server(talk, "127.0.0.1", port):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.Runner(loop_factory=lambda: loop).run(listen()))
    thread.start()
    ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


def load(tmp_path: Path, reply: Reply, expected: Expected = "predicted", **plan: float) -> LoadTimes:
    (tmp_path / "bodies").write_text("{}\n")
    with serving(reply) as port:
        settings = {"callers": 1, "seconds": 5.0, "warm_up": 0.0, "requests": 5} | plan
        return main(Plan(port, "/v1/predict", str(tmp_path / "bodies"), expected, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("sent", [ok, in_chunks])
def test_right_answers_are_counted_however_they_are_framed(tmp_path: Path, sent: Callable[[bytes], bytes]) -> None:
    taken = load(tmp_path, lambda _: sent(prediction()), callers=2, requests=20)
    assert (taken.answers, taken.predictions, taken.timed) == (20, 20, 20)
    assert taken.statuses == {"200": 20}
    assert not taken.faults


def test_a_chunked_body_is_whole_only_at_its_end() -> None:
    sent = in_chunks(b"hello, world").partition(b"\r\n\r\n")[2]
    assert [dechunked(sent[:end]) for end in range(len(sent))] == [None] * len(sent)
    assert dechunked(sent) == b"hello, world"


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}", "status 503"),
        (ok(b'{"outcome":"not_predictable"}'), "no prediction"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "the connection broke"),
        (None, "the connection broke"),
    ],
)
def test_a_wrong_answer_is_a_fault_and_the_others_still_count(tmp_path: Path, second: bytes | None, fault: str) -> None:
    taken = load(tmp_path, lambda number: second if number == 1 else ok(prediction()))
    assert taken.faults == {fault: 1}
    assert taken.answers == 4


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"remission": {"probability": 0.6, "interval_90": {"low": 0.3, "high": 0.5}}}, "outside its interval"),
        ({"reasons": {"remission": {"contributions": []}, "relapse": {"contributions": []}}}, "no reasons"),
        ({"relapse": None}, "another document than documented"),
        ({"prediction_id": "00000000-0000-0000-0000-000000000000"}, "a prediction id given before"),
    ],
)
def test_an_answer_that_lacks_something_is_a_fault(tmp_path: Path, changes: dict[str, object], fault: str) -> None:
    taken = load(tmp_path, lambda _: ok(prediction(**changes)), requests=2)
    assert any(fault in found for found in taken.faults)


def test_requests_that_fell_into_a_pause_of_the_service_are_slow_too(tmp_path: Path) -> None:
    """One answer of about 100 takes half a second; the 50 that were due meanwhile have waited for it."""

    def pausing(number: int) -> bytes:
        if number == 10:
            time.sleep(0.5)
        return ok(b"{}")

    taken = load(tmp_path, pausing, "nothing", callers=4, seconds=1.0, rate=100.0, requests=10**6)
    assert taken.answers == len(arrivals(100.0, 1.0, 7))
    assert taken.longest > 450
    assert taken.p90 > 250


def test_requests_come_at_the_rate_asked_for() -> None:
    assert len(arrivals(1000.0, 10.0, 1)) == pytest.approx(10_000, abs=4 * 100)  # four standard deviations


def test_memory_that_settles_is_flat_and_memory_that_leaks_is_not() -> None:
    settles = [100.0 + min(30.0, minute) for minute in range(300)]
    steps = [400.0] * 200 + [407.9] * 100  # 1.98% more
    beyond = [400.0] * 200 + [408.1] * 100
    leaks = [100.0 + second / 20 for second in range(300)]
    assert growth(settles, 2.0).flat
    assert growth(steps, 2.0).flat
    assert not growth(beyond, 2.0).flat
    assert not growth(leaks, 2.0).flat


def test_a_server_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    port = free_port()
    parent = (
        "import subprocess, sys; from http.server import *; subprocess.Popen(['sleep', '600']); "
        f"HTTPServer(('127.0.0.1', {port}), SimpleHTTPRequestHandler).serve_forever()"
    )
    with running([sys.executable, "-c", parent], port, "/", tmp_path, environment(tmp_path)) as server:
        family = server.processes()
    assert len(family) == 2
    assert not any(descendants(pid) for pid in family)
