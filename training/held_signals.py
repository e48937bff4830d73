"""Holds TERM, Ctrl-C and the end of the terminal back while something is made that half made would be broken."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM))
"""The signals that ask a command to stop."""


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that come within the block are delivered after it; only the main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda given, _: came.append(given)) for number in set(STOPPING)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in came[:1]:
        signal.raise_signal(number)
