"""The client tries again what may pass, always under the key of the call, and every call has an end."""

import socket
import time
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.client import (
    CallError,
    CallRefusedError,
    KapClient,
    NotAllowedError,
    Retries,
    ServiceFailedError,
    TimeLimits,
    UnavailableError,
)
from serving.client.retry_policy import Schedule
from serving.contract.response import Prediction
from tests.serving.client.cases import KEY, PREDICTED, FakePace, client, raised_by
from tests.serving.client.stub_server import (
    Act,
    StubServer,
    answers,
    breaks_off,
    drips,
    hangs_up,
    refuses,
    resets,
    stalls,
    stub_server,
)
from tests.serving.requests import EXAMPLE


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with stub_server() as started:
        yield started


def test_every_try_of_a_call_has_the_same_key_and_another_call_has_another(stub: StubServer) -> None:
    failures = [refuses(503), hangs_up, resets, breaks_off, refuses(500)]
    stub.script = [*failures, answers(PREDICTED), answers(PREDICTED)]
    with client(stub) as kap:
        kap.predict(EXAMPLE)
        kap.predict(EXAMPLE)
    *tries, other = stub.idempotency_keys()
    assert len(tries) == 6
    assert len(set(tries)) == 1
    assert other != tries[0]
    assert {UUID(key).version for key in stub.idempotency_keys()} == {4}
    assert len({one.body for one in stub.received}) == 1


def test_a_key_of_ones_own_is_sent_at_every_try_of_a_batch_too(stub: StubServer) -> None:
    stub.script = [refuses(503), answers({"answers": [PREDICTED]})]
    with client(stub) as kap:
        kap.predict_batch([EXAMPLE], idempotency_key="visit-17")
    assert stub.idempotency_keys() == ["visit-17", "visit-17"]


def test_an_answer_that_stalls_is_asked_for_again_under_the_same_key(stub: StubServer) -> None:
    stub.script = [stalls, answers(PREDICTED)]
    with client(stub) as kap:
        assert isinstance(kap.predict(EXAMPLE), Prediction)
    assert len(stub.received) == 2
    assert len(set(stub.idempotency_keys())) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(stub: StubServer, status: int) -> None:
    stub.script = [refuses(status), answers(b"<html>", status, "text/html"), answers(PREDICTED)]
    with client(stub) as kap:
        assert isinstance(kap.predict(EXAMPLE), Prediction)
    assert len(stub.received) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, CallRefusedError),
        (413, CallRefusedError),
        (415, CallRefusedError),
        (422, CallRefusedError),
        (401, NotAllowedError),
        (403, NotAllowedError),
        (404, ServiceFailedError),
        (405, ServiceFailedError),
        (501, ServiceFailedError),
        (201, ServiceFailedError),
    ],
)
def test_what_a_retry_can_not_change_is_tried_once(stub: StubServer, status: int, kind: type[CallError]) -> None:
    error = raised_by(stub, refuses(status, "the service's own words"))
    assert type(error) is kind
    assert (error.status, error.detail) == (status, "the service's own words")
    assert str(status) in str(error)
    assert len(stub.received) == 1


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (refuses(503), UnavailableError, "can't answer at the moment (503)"),
        (refuses(429), UnavailableError, "reached its rate limit"),
        (refuses(500), ServiceFailedError, "the service failed (500)"),
        (hangs_up, UnavailableError, "the connection broke off"),
        (breaks_off, UnavailableError, "the connection broke off"),
        (resets, UnavailableError, "the connection broke off"),
    ],
)
def test_after_the_last_try_the_last_reason_is_reported(
    stub: StubServer, act: Act, kind: type[CallError], words: str
) -> None:
    error = raised_by(stub, refuses(504), act, act, retries=Retries(tries=3))
    assert type(error) is kind
    assert words in str(error)
    assert len(stub.received) == 3
    assert error.idempotency_key == stub.idempotency_keys()[0]


def test_where_nobody_listens_it_is_reported_after_all_tries() -> None:
    with stub_server() as gone:
        pass
    pace = FakePace()
    error = raised_by(gone, pace=pace)
    assert isinstance(error, UnavailableError)
    assert str(error) == "no connection could be made"
    assert error.status is None
    assert len(pace.waited) == 5


# How long is waited


def test_waits_double_up_to_the_longest(stub: StubServer) -> None:
    pace = FakePace()
    retries = Retries(tries=6, first_wait=0.5, longest_wait=3)
    raised_by(stub, *[refuses(503)] * 6, pace=pace, retries=retries, limits=TimeLimits(total=60))
    assert pace.waited == [0.5, 1, 2, 3, 3]


@settings(deadline=None)
@given(
    tries=st.integers(1, 100),
    first=st.floats(0, 5),
    longer=st.floats(0, 50),
    total=st.floats(0.1, 500),
    seed=st.integers(0, 2**32),
)
def test_tries_and_waits_keep_to_their_limits(tries: int, first: float, longer: float, total: float, seed: int) -> None:
    """Whatever chance draws, and whatever the service asks for: half of the times nothing, then up to a year."""
    chance, pace, retries = np.random.default_rng(seed), FakePace(), Retries(tries, first, first + longer)
    schedule = Schedule(TimeLimits(total=total), retries, pace.pace())
    for number in range(tries):
        pace.share = chance.uniform()
        asked = 10 ** chance.uniform(-3, 7.5) if chance.uniform() < 0.5 else None
        wait = schedule.next_wait(asked)
        if wait is None:
            break
        at_least = asked or 0.0
        assert at_least <= wait <= at_least + min(retries.longest_wait, first * 2.0**number)
        pace.sleep(wait)
    else:
        pytest.fail("it was not given up after the last try")
    assert len(pace.waited) <= tries - 1
    assert pace.seconds < schedule.deadline
    assert schedule.deadline == 1_000 + total


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 7.25),
        ({"Retry_After": " 0 "}, 0.25),
        ({"Retry_After": "Sun, 01 Mar 2026 12:00:05 GMT"}, 5.25),
        ({"Retry_After": "Sun, 01 Mar 2026 13:00:05 GMT", "Date": "Sun, 01 Mar 2026 13:00:02 GMT"}, 3.25),
        ({"Retry_After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.25),
        ({"Retry_After": "25"}, 25.25),
        ({"Retry_After": "-1"}, 0.25),
        ({"Retry_After": "1e3"}, 0.25),
        ({"Retry_After": "9" * 400}, 0.25),
        ({"Retry_After": "soon"}, 0.25),
        ({"Retry_After": "Sun, 99 Mar 2026 11:00:00 GMT"}, 0.25),
        ({}, 0.25),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_service_asks_for_is_kept(
    stub: StubServer, status: int, headers: dict[str, str], wait: float
) -> None:
    """0.25 s is the longest random part; 9 s the longest wait without Retry-After."""
    pace = FakePace()
    stub.script = [refuses(status, **headers), answers(PREDICTED)]
    with client(stub, pace=pace, retries=Retries(first_wait=0.25, longest_wait=9), limits=TimeLimits()) as kap:
        kap.predict(EXAMPLE)
    assert pace.waited == [wait]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "seconds"), [("8", 8), ("3600", 3600), ("Sun, 01 Mar 2026 13:00:00 GMT", 3600), ("999999999", 999999999)]
)
def test_who_would_have_to_wait_beyond_the_deadline_is_reported_at_once(
    stub: StubServer, status: int, asked: str, seconds: float
) -> None:
    pace = FakePace()
    error = raised_by(stub, refuses(status, Retry_After=asked), pace=pace, limits=TimeLimits(total=8))
    assert isinstance(error, UnavailableError)
    assert error.retry_after == seconds
    assert (pace.waited, len(stub.received)) == ([], 1)


def test_who_sent_no_key_where_one_is_needed_is_asked_for_one(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAP_KEY", raising=False)
    stub.script = [refuses(401), refuses(401), refuses(403)]
    with KapClient(stub.url) as kap, pytest.raises(NotAllowedError) as without:
        kap.predict(EXAMPLE)
    assert str(without.value) == "no key was sent; pass it as key, or set KAP_KEY (401)"
    with (
        KapClient(stub.url, KEY) as kap,
        pytest.raises(NotAllowedError, match="the key is unknown, expired or revoked"),
    ):
        kap.predict(EXAMPLE)
    with KapClient(stub.url) as kap, pytest.raises(NotAllowedError, match="the key does not allow this"):
        kap.predict(EXAMPLE)


# An end to every call


NEVER_ENDING = {
    "nothing": stalls,
    "headers": drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "a body": drips(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n", b"["),
    "an error": drips(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99999\r\n\r\n", b"["),
}


@pytest.mark.parametrize("what", NEVER_ENDING)
def test_a_call_ends_in_time_whatever_comes(stub: StubServer, what: str) -> None:
    stub.script = [NEVER_ENDING[what]]
    limits = TimeLimits(connect=1, read=10, total=0.3)
    started = time.monotonic()
    with KapClient(stub.url, KEY, limits=limits) as kap, pytest.raises(UnavailableError, match="in time"):
        kap.predict(EXAMPLE)
    assert 0.3 <= time.monotonic() - started < 3
    assert len(stub.received) == 1


def test_a_call_ends_in_time_where_nobody_reads_what_is_sent() -> None:
    with stub_server() as stub, socket.create_server(("127.0.0.1", 0), backlog=1) as deaf:
        stub.url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        limits = TimeLimits(connect=1, read=10, total=0.3)
        started = time.monotonic()
        with KapClient(stub.url, KEY, limits=limits) as kap, pytest.raises(UnavailableError, match="in time"):
            kap.predict(EXAMPLE | {"much": "x" * 2**24})
        assert 0.3 <= time.monotonic() - started < 3


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["connect", "read", "total"])
def test_time_limits_are_lengths_of_time(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=name):
        TimeLimits(**{name: seconds})


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"tries": 101}, {"first_wait": -1}, {"first_wait": 11}])
def test_retries_are_numbers_and_waits(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="required"):
        Retries(**wrong)
