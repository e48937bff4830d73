"""A key has a limit of requests a minute over all processes of a host, and none waits for one that has ended."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.storage import rate_limit
from serving.storage.rate_limit import ISSUER_SLOTS, MOST_AMOUNT, SLOTS, RateLimiter
from tests.places import ROOT

SECOND = 10**9


class Clock:
    """A clock in nanoseconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(tmp_path: Path, clock: Clock) -> Iterator[RateLimiter]:
    opened = RateLimiter(tmp_path / "state", clock)
    yield opened
    opened.close()


def test_a_minutes_requests_may_come_at_once_and_are_given_back_evenly(limits: RateLimiter, clock: Clock) -> None:
    assert [limits.take(1, 60) for _ in range(60)] == [0.0] * 60
    assert limits.take(1, 60) == 1.0
    clock.now += SECOND - 1
    assert limits.take(1, 60) == 1e-9
    clock.now += 1
    assert limits.take(1, 60) == 0.0
    assert limits.take(1, 60) == 1.0


def test_who_waits_as_asked_is_let_through(limits: RateLimiter, clock: Clock) -> None:
    for _ in range(200):
        wait = limits.take(1, 7)
        clock.now += round(wait * SECOND)
        assert not wait or limits.take(1, 7) == 0.0


def test_a_refusal_takes_nothing(limits: RateLimiter, clock: Clock) -> None:
    limits.take(1, 1)
    for _ in range(5):
        assert limits.take(1, 1) == 60.0
    clock.now += 60 * SECOND
    assert limits.take(1, 1) == 0.0


def test_a_batch_is_let_in_where_one_request_would_be_and_is_paid_off(limits: RateLimiter, clock: Clock) -> None:
    assert limits.take(1, 600, 1_000) == 0.0
    assert limits.take(1, 600) == pytest.approx(40.1)  # (1,000 - 600 + 1) at 10 a second
    clock.now += 40_100_000_000
    assert limits.take(1, 600, 1_000) == 0.0
    assert limits.take(1, 600) == pytest.approx(100.0)  # one was there, and 999 are owed, and one more


def test_what_turns_out_to_be_more_is_charged_and_never_refused(limits: RateLimiter, clock: Clock) -> None:
    for _ in range(3):
        assert limits.take(1, 60) == 0.0
        limits.charge(1, 60, 999)
        assert limits.take(1, 60) > 900.0
        clock.now += 1_000 * SECOND


def test_batches_on_one_key_at_once_are_all_paid_off(limits: RateLimiter) -> None:
    for _ in range(60):
        limits.take(1, 60)
    for _ in range(60):
        limits.charge(1, 60, 999)
    assert limits.take(1, 60) == 60 * 999 + 1


def test_no_key_pays_for_another(limits: RateLimiter) -> None:
    assert limits.take(0, 1) == 0.0
    assert limits.take(1, 1) == 0.0
    assert limits.take(SLOTS, 1) == 0.0
    assert all(limits.take(slot, 1) > 0 for slot in (0, 1, SLOTS))


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.sampled_from([1, 3, 60, 600, 1_000]),
    asked=st.lists(st.tuples(st.integers(0, 90 * SECOND), st.integers(1, MOST_AMOUNT), st.booleans()), max_size=30),
)
def test_it_is_a_bucket(
    tmp_path_factory: pytest.TempPathFactory, per_minute: int, asked: list[tuple[int, int, bool]]
) -> None:
    """A bucket of one minute's tokens, filled evenly, that a request may overdraw if it holds one."""
    clock = Clock()
    limits = RateLimiter(tmp_path_factory.mktemp("bucket"), clock)
    tokens, each = Fraction(per_minute), 60 * SECOND // per_minute
    for passed, amount, charged in asked:
        clock.now += passed
        tokens = min(Fraction(per_minute), tokens + Fraction(passed, each))
        if charged:
            limits.charge(1, per_minute, amount)
        else:
            wait = max(1 - tokens, Fraction(0)) * each
            assert limits.take(1, per_minute, amount) == pytest.approx(float(wait) / SECOND)
        if charged or tokens >= 1:
            tokens -= amount
    limits.close()


@pytest.mark.parametrize(
    ("slot", "per_minute", "amount"),
    [(-1, 1, 1), (SLOTS + ISSUER_SLOTS + 1, 1, 1), (1, 0, 1), (1, 1, -1), (1, 1, 1_001)],
)
def test_what_is_out_of_range_is_a_defect(limits: RateLimiter, slot: int, per_minute: int, amount: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        limits.take(slot, per_minute, amount)


def test_the_file_is_for_its_owner_alone_and_written_out_at_once(limits: RateLimiter, tmp_path: Path) -> None:
    found = (tmp_path / "state" / rate_limit.FILE).stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_blocks * 512 >= found.st_size, "a disk that fills up later does not matter"
    limits.take(SLOTS + ISSUER_SLOTS, 1)
    assert (tmp_path / "state" / rate_limit.FILE).stat().st_size == found.st_size


TAKER = """
import sys
from pathlib import Path
from serving.storage import rate_limit
from serving.storage.rate_limit import RateLimiter
rate_limit.PATIENCE_SECONDS = 600  # on a busy machine, one that holds the lock may not run for long
limits = RateLimiter(Path(sys.argv[1]), clock=lambda: 10**12)
print("ready", flush=True)
sys.stdin.readline()
print(sum(limits.take(1, 30_000) == 0.0 for _ in range(20_000)), flush=True)
"""
HOLDER = """
import sys, time
from pathlib import Path
from serving.storage.rate_limit import RateLimiter
limits = RateLimiter(Path(sys.argv[1]))
with limits._locked(64 + 8, 8):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def started(program: str, state: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(state)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_share_a_limit(tmp_path: Path) -> None:
    takers = [started(TAKER, tmp_path) for _ in range(3)]
    for taker in takers:
        assert taker.stdin is not None
        taker.stdin.write("\n")
        taker.stdin.flush()
    taken = [int(taker.communicate(timeout=300)[0]) for taker in takers]
    assert sum(taken) == 30_000, f"60,000 asked while the clock stood still: {taken}"


def test_threads_share_a_limit(limits: RateLimiter) -> None:
    taken: list[bool] = []
    threads = [Thread(target=lambda: taken.extend(limits.take(1, 500) == 0.0 for _ in range(300))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 500


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSTOP])
def test_nobody_waits_for_a_process_that_died_or_stands_still_amid_it(
    limits: RateLimiter, tmp_path: Path, signal_number: signal.Signals
) -> None:
    holder = started(HOLDER, tmp_path / "state")
    try:
        os.kill(holder.pid, signal_number)
        if signal_number == signal.SIGKILL:
            holder.wait(timeout=300)
        assert [limits.take(1, 2) for _ in range(3)] == [0.0, 0.0, 30.0]
    finally:
        holder.kill()
        holder.communicate()


def test_a_limit_outlives_the_service_and_not_the_host(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot = tmp_path / "boot_id"
    monkeypatch.setattr(rate_limit, "_BOOT", boot)
    waits = []
    for identity in ("first", "first", "second"):
        boot.write_text(identity + "\n")
        limits = RateLimiter(tmp_path, clock)
        waits.append(limits.take(1, 1))
        limits.close()
    assert waits == [0.0, 60.0, 0.0]


def test_a_damaged_file_locks_nobody_out(tmp_path: Path, clock: Clock) -> None:
    limits = RateLimiter(tmp_path, clock)
    path = tmp_path / rate_limit.FILE
    path.write_bytes(path.read_bytes()[:64] + b"\xff" * (path.stat().st_size - 64))
    assert [limits.take(1, 2) for _ in range(3)] == [0.0, 0.0, 30.0]
    path.write_bytes(b"")
    assert [limits.take(1, 2) for _ in range(3)] == [0.0, 0.0, 30.0]
    limits.close()
