"""How often a call is tried, how long to wait between tries, and when to give up.

`failures` decides which failures are worth a retry.
"""

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

MOST_TRIES = 100


@dataclass(frozen=True)
class TimeLimits:
    """Seconds. ``connect``: for a connection; ``read``: for the next part of an answer; ``total``: for the whole call.

    ``total`` includes every try and every wait. Raises ``ValueError`` unless all are above 0.
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 30.0

    def __post_init__(self) -> None:
        """Refuse a number of seconds that is not above 0."""
        for name, seconds in vars(self).items():
            if not 0 < seconds < math.inf:
                raise ValueError(f"{name}: a number of seconds above 0 is required")


@dataclass(frozen=True)
class Retries:
    """At most ``tries`` tries, with random waits in between.

    A wait is at most ``first_wait`` seconds, then twice as many and so on up to ``longest_wait``. The whole wait is
    random ("full jitter"), so that many clients that failed together don't retry together. The seconds that the service
    asks to wait are added. Raises ``ValueError`` for numbers out of range.
    Source: Brooker 2015, Exponential backoff and jitter (AWS Architecture Blog).
    """

    tries: int = 6
    first_wait: float = 0.2
    longest_wait: float = 10.0

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 1 <= self.tries <= MOST_TRIES:
            raise ValueError(f"tries: a whole number from 1 to {MOST_TRIES} is required")
        if not 0 <= self.first_wait <= self.longest_wait < math.inf:
            raise ValueError(
                "first_wait and longest_wait: seconds from 0 are required, the first no longer than the other"
            )


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Pace:
    """The source of time and randomness; a test replaces it.

    ``clock``: monotonic seconds; ``sleep``: wait some seconds; ``now``: the date; ``draw``: a random number between
    two. Random numbers are the system's, so that forked processes don't share them.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _now
    draw: Callable[[float, float], float] = secrets.SystemRandom().uniform


class Schedule:
    """The tries of one call, which must end by ``deadline`` on the pace's clock."""

    def __init__(self, limits: TimeLimits, retries: Retries, pace: Pace) -> None:
        """The call begins now."""
        self.deadline = pace.clock() + limits.total
        self._retries = retries
        self._pace = pace
        self._failed = 0

    def next_wait(self, required: float | None) -> float | None:
        """Seconds to wait after a failed try; ``None``: give up.

        ``required`` are the seconds that the service asks to wait; the random part is added. If the call would be over
        by then, it gives up at once.
        """
        self._failed += 1
        if self._failed >= self._retries.tries:
            return None
        most = min(self._retries.longest_wait, self._retries.first_wait * 2.0 ** (self._failed - 1))
        wait = (required or 0.0) + self._pace.draw(0.0, most)
        return wait if self._pace.clock() + wait < self.deadline else None
