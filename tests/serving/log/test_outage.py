"""An outage of the log is reported once when it begins, once a minute, and once when it ends, with its reason."""

import logging

import pytest

from serving.contract.failures import LogRefusedError, LogUnavailableError
from serving.log.outage import LogOutage

FULL = LogUnavailableError("its disk is full")
MARKER = "XMARKERX"


class SteppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


def test_a_day_of_failures_gives_a_line_a_minute_with_the_number_refused(
    clock: SteppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    outage = LogOutage(clock=clock)
    for _ in range(24 * 60 * 30):
        outage.failed("written", FULL)
        outage.refused()
        clock.now += 2
    outage.worked("written")
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "the prediction log can't be written: its disk is full; no request is answered until it can"
    assert len(lines[1:-1]) == 24 * 60 - 1
    assert (
        lines[1]
        == "the prediction log still can't be written after 60 s: its disk is full; requests refused so far: 30"
    )
    assert lines[-1] == "the prediction log can be used again after 86400.0 s; requests refused: 43200"


def test_an_outage_ends_only_when_the_log_can_be_read_and_written(
    clock: SteppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    reported: list[bool] = []
    outage = LogOutage(reported.append, clock)
    assert not outage.up
    outage.worked("read")
    assert (outage.up, reported) == (True, [True])
    outage.failed("written", FULL)
    outage.worked("read")
    outage.failed("read", LogUnavailableError("it may not be opened"))
    outage.worked("written")
    assert (outage.up, reported) == (False, [True, False])
    assert (outage.failing("read"), outage.failing("written")) == (True, False)
    outage.worked("read")
    assert (outage.up, reported) == (True, [True, False, True])
    assert len(caplog.records) == 2


def test_a_log_that_works_is_not_mentioned(clock: SteppedClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    outage = LogOutage(clock=clock)
    for _ in range(3):
        outage.worked("read")
        outage.worked("written")
    assert caplog.records == []


def test_the_reason_is_the_operators_sentence_or_the_class_of_a_defect_and_no_value(
    clock: SteppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    for error, reason in (
        (LogRefusedError("this database has no log yet"), "this database has no log yet"),
        (KeyError(MARKER), "an internal error (KeyError)"),
    ):
        caplog.clear()
        LogOutage(clock=clock).failed("read", error)
        assert f"can't be read: {reason};" in caplog.text
    (record,) = caplog.records
    assert record.exc_info is not None, "where a defect arose is logged once"
    assert MARKER not in record.getMessage()
