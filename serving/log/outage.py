"""An outage of the log: when it begins, how long it lasts, why, and how many requests were refused meanwhile."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Literal

from serving.contract.failures import LogUnavailableError, StateError

LOG = logging.getLogger("bentoml.kap")
REMIND_SECONDS = 60.0
"""How often a lasting outage is logged again."""

_BEGINS = "the prediction log can't be %s: %s; no request is answered until it can"
_LASTS = "the prediction log still can't be %s after %.0f s: %s; requests refused so far: %d"
_ENDS = "the prediction log can be used again after %.1f s; requests refused: %d"

Use = Literal["read", "written"]


class LogOutage:
    """Logs one line when an outage begins, one a minute while it lasts, and one when it ends.

    The log is up while every use of it worked the last time. All methods may be called from any thread.
    """

    def __init__(
        self, report: Callable[[bool], None] = lambda _: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``report`` is told whether the log is up, at the first use and at each change; ``clock`` is in seconds."""
        self._report = report
        self._clock = clock
        self._lock = Lock()
        self._reasons: dict[Use, str] = {}
        self._known = False
        self._since = self._reminded = 0.0
        self._refused = 0

    @property
    def up(self) -> bool:
        """Whether the log was used, and the last use of each kind worked."""
        return self._known and not self._reasons

    def failing(self, use: Use) -> bool:
        """Whether the last use of this kind failed."""
        return use in self._reasons

    def failed(self, use: Use, error: BaseException) -> None:
        """A use that failed. An error that is a defect of this software is logged with its place, once an outage."""
        with self._lock:
            begins, now = not self._reasons, self._clock()
            self._reasons[use] = reason = _reason(error)
            self._known = True
            if begins:
                self._since = self._reminded = now
                self._refused = 0
                defect = None if isinstance(error, StateError) else error
                LOG.error(_BEGINS, use, reason, exc_info=defect)
                self._report(False)
            elif now - self._reminded >= REMIND_SECONDS:
                self._reminded = now
                LOG.error(_LASTS, use, now - self._since, reason, self._refused)

    def worked(self, use: Use) -> None:
        """A use that succeeded; it ends the outage if no other use fails."""
        with self._lock:
            ended = self._reasons.pop(use, None) is not None and not self._reasons
            if ended:
                LOG.warning(_ENDS, self._clock() - self._since, self._refused)
            if ended or not self._known:
                self._report(True)
            self._known = True

    def refused(self) -> None:
        """One request that was refused because of the log."""
        with self._lock:
            self._refused += 1


def _reason(error: BaseException) -> str:
    if isinstance(error, LogUnavailableError):
        return error.reason
    return str(error) if isinstance(error, StateError) else f"an internal error ({type(error).__name__})"
