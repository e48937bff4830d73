"""A command that is asked to stop ends everything that it started: processes, shared memory and temporary files.

Exit codes: 130 after Ctrl-C, 143 after TERM, 129 at the end of the terminal: 128 plus the number of the signal.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import NoReturn

from training.execution.local_processes import end_processes, kill_processes
from training.held_signals import STOPPING

PATIENCE_SECONDS = 3.0
"""After these a second signal means that the person does not want to wait for the cleaning [judgement]."""


@contextmanager
def stopped_with_its_processes() -> Iterator[None]:
    """Turn the signals that ask for a stop into an exit, so that every ``finally`` and ``with`` on the way is run.

    A second signal, some seconds later, ends the command without more cleaning. A signal that the caller ignores
    (`nohup`) stays ignored. A command with handlers of its own replaces these.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in set(STOPPING) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _exit) for number in taken}
    try:
        yield
    except BaseException as error:
        stop = _stop_behind(error)
        if stop is None:
            raise
        end_processes()
        raise stop from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_behind(error: BaseException | None) -> SystemExit | None:
    """The exit after a signal: the error itself, or what the error came after, in a cleaning that failed."""
    while error is not None:
        if isinstance(error, SystemExit) and isinstance(error.code, int) and error.code - 128 in STOPPING:
            return error
        error = error.__context__
    return None


def _exit(number: int, _: FrameType | None) -> NoReturn:
    again = partial(_exit_at_once, time.monotonic())
    for other in set(STOPPING):
        if signal.getsignal(other) is not signal.SIG_IGN:
            signal.signal(other, again)
    sys.exit(128 + number)


def _exit_at_once(since: float, number: int, _: FrameType | None) -> None:
    """End without more cleaning, which may wait for a server that does not answer; one soon after the first is part of
    it, because `timeout` and a terminal may send two.
    """
    if time.monotonic() - since < PATIENCE_SECONDS:
        return
    kill_processes()
    os._exit(128 + number)
