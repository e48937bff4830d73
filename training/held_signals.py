"""Holds TERM, Ctrl-C and the end of the terminal back while something is made that half made would be broken."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STOPPING = (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM))
"""The signals that ask a command to stop."""


@contextmanager
def signals_held() -> Iterator[Callable[[], None]]:
    """Signals that come within the block are delivered after it, or when what it gives is called; only the main thread
    gets any.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda given, _: came.append(given)) for number in set(STOPPING)}

    def deliver() -> None:
        if came:
            _restore(before)
            signal.raise_signal(came.pop(0))

    try:
        yield deliver
    finally:
        _restore(before)
    for number in came[:1]:
        signal.raise_signal(number)


def _restore(handlers: dict[int, Any]) -> None:
    """Put handlers back, once."""
    while handlers:
        signal.signal(*handlers.popitem())
