"""Ctrl-C, TERM and the end of the terminal are requests to stop, which take effect where the demonstration waits.

A handler that raised could do so between the start of a process and the block that ends it.
"""

import signal
import threading

NUMBERS = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


class StopRequestError(Exception):
    """Somebody has asked the demonstration to stop."""


class StopSignal:
    """Remembers that one of the signals came."""

    def __init__(self) -> None:
        self._requested = threading.Event()

    def listen(self) -> None:
        """Take the signals from now on; only the main thread can."""
        for number in NUMBERS:
            signal.signal(number, lambda *_: self._requested.set())

    def pause(self, seconds: float) -> None:
        """Wait; raises ``StopRequestError`` as soon as a signal came, or if one came before."""
        if self._requested.wait(seconds):
            raise StopRequestError
