"""How often a call is tried, how long to wait between tries, and when to give up.

`failures` decides which failures are worth a retry.
"""

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_TRIES = 100


@dataclass(frozen=True)
class TimeLimits:
    """Seconds. ``connect``: for a connection; ``read``: for the next part of an answer; ``total``: for the whole call.

    ``total`` has in it every try and every wait in between. Raises ``ValueError`` unless all are above 0.
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what is no length of time."""
        for name, seconds in vars(self).items():
            if not 0 < seconds < math.inf:
                raise ValueError(f"{name}: a number of seconds above 0 is required")


@dataclass(frozen=True)
class Retries:
    """At most so many ``tries``, with random waits in between, of at most ``first_wait`` seconds, then twice as many...

    ... and never more than ``longest_wait`` seconds. The whole wait is random ("full jitter"), so that many clients
    that failed together don't come back together. What the service asks to wait is waited besides, however long.
    Raises ``ValueError`` for what can't be waited.
    Source: Brooker 2015, Exponential backoff and jitter (AWS Architecture Blog).
    """

    tries: int = 6
    first_wait: float = 0.2
    longest_wait: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what is no number of tries or no wait."""
        if not 1 <= self.tries <= MOST_TRIES:
            raise ValueError(f"tries: a whole number from 1 to {MOST_TRIES} is required")
        if not 0 <= self.first_wait <= self.longest_wait < math.inf:
            raise ValueError(
                "first_wait and longest_wait: seconds from 0 are required, the first no longer than the other"
            )


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Pace:
    """Where time and chance come from; a test puts its own in their place.

    ``clock``: seconds that never run backwards; ``sleep``: wait so many seconds; ``now``: the date; ``draw``: a random
    number between two. Chance is the system's, which forked processes don't share.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _now
    draw: Callable[[float, float], float] = secrets.SystemRandom().uniform


class Schedule:
    """The tries of one call. ``deadline`` is when it must be over, by the pace's clock."""

    def __init__(self, limits: TimeLimits, retries: Retries, pace: Pace) -> None:
        """The call begins now."""
        self.deadline = pace.clock() + limits.total
        self._retries = retries
        self._pace = pace
        self._failed = 0

    def next_wait(self, asked: float | None) -> float | None:
        """Seconds to wait after a try that failed; ``None``: give up.

        ``asked`` are the seconds for which the service wants not to be asked. They are waited whole, with the random
        part on top; where the call would be over by then, it is given up at once.
        """
        self._failed += 1
        if self._failed >= self._retries.tries:
            return None
        most = min(self._retries.longest_wait, self._retries.first_wait * 2.0 ** (self._failed - 1))
        wait = (asked or 0.0) + self._pace.draw(0.0, most)
        return wait if self._pace.clock() + wait < self.deadline else None
