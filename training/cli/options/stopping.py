"""A command that is asked to stop ends everything that it started: processes, shared memory and temporary files.

Exit codes: 130 after Ctrl-C, 143 after TERM, 129 at the end of the terminal: 128 plus the number of the signal.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from training.held_signals import STOPPING


@contextmanager
def stopped_with_its_processes() -> Iterator[None]:
    """Turn the signals that ask for a stop into an exit, so that every ``finally`` and ``with`` on the way is run.

    A signal that the caller ignores (`nohup`) stays ignored. A command with handlers of its own replaces these.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in set(STOPPING) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _exit) for number in taken}
    try:
        yield
    except SystemExit as exit_:
        if isinstance(exit_.code, int) and exit_.code - 128 in STOPPING:
            _end_workers()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(number: int, _: FrameType | None) -> NoReturn:
    for other in set(STOPPING):
        signal.signal(other, signal.SIG_IGN)  # a second one would cut the cleaning short
    sys.exit(128 + number)


def _end_workers() -> None:
    """Kill the workers of joblib, which outlive a killed command by minutes and keep its shared memory.

    What they shared is removed when this process ends. ``get_reusable_executor`` would start an executor where there is
    none, so the present one is looked up.
    """
    if "joblib" not in sys.modules:
        return
    from joblib.externals.loky import reusable_executor

    running = getattr(reusable_executor, "_executor", None)
    if running is not None:
        running.shutdown(wait=True, kill_workers=True)
